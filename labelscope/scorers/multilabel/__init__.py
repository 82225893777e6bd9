"""Methods for rows with several tags, of which some may be missing and few may be wrong."""
