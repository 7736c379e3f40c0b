"""One person or pursuit that stands there twice: found, shown, merged, and taken apart again."""
