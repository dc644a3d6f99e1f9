"""What power cuts, full disks and failing cards do to the hub: a file layer under SQLite, and disks made of its log."""
