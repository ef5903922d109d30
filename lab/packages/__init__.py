"""Stand-ins of Centreon's packages: built, signed and put in repositories inside the base system.

It is lab.packages in the repository and packages where it is built, so it imports relatively.
"""
