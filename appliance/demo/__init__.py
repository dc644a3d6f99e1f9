"""The sample village of River, with three months of life in it, made through commands.

``make`` makes it in a directory; ``prepare`` puts it where it belongs unless it is there
already; ``run`` does that and starts the portal. It never touches a directory without the
marker of a sample village, and leaves none half-made.
"""

from appliance.demo.place import default_data
from appliance.demo.run import prepare, run
from appliance.demo.village import PIN, make

__all__ = ["PIN", "default_data", "make", "prepare", "run"]
