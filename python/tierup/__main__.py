# The program's own __main__ replaces this module's namespace: nothing here may be used after main().
__import__("tierup._cli")._cli.main()
