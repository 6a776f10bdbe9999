"""Publishing: wheels to a package index, conda packages to a channel, all of it to a registry.

What is there already is left as it is; other content under the same name is never replaced. Passwords and
tokens come from the environment, the keyring or the programs' own files, and reach no config, log or command
line.
"""
