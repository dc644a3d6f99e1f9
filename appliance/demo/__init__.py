"""The sample villages of River and Hill, with three months of life in them, made through commands.

``make`` makes them in a directory; ``prepare`` puts them where they belong unless they are there
already; ``run`` does that and starts portals, radio processes and an emulated radio channel. It
never touches a directory without the marker of sample villages, and leaves none half-made.
"""

from appliance.demo.people import PIN
from appliance.demo.place import default_data
from appliance.demo.run import prepare, run
from appliance.demo.valley import make

__all__ = ["PIN", "default_data", "make", "prepare", "run"]
