"""The MAP server's stand-in: what the packages ship as their .jar, run by the stand-in of java."""
