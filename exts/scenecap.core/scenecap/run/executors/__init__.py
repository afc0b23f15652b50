"""Where frames are made: in this process, or in several of this machine. The files are the same bytes."""
