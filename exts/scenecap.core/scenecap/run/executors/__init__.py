"""Where frames are made: in this process, in several of this machine, or on a Ray cluster. The files are the same bytes."""
