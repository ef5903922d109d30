"""The operations on a stack: update, refresh, destroy, import, and the preview of each."""
