"""Files that tools take and make, kept by what they hold."""
