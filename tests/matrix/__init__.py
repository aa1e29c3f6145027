"""Our capture beside other libraries, each in an environment of its own: ``make matrix``.

A *kind* is a folder here: ``instrumentations`` (others who observe the same clients),
``frameworks`` (others who call them) and ``recipes`` (what docs/recipes.md says of some).  An
*entry* is a module of a kind's folder, found by being there.  To add one, add a file; nothing lists
them.

An entry is read by two interpreters: the command's, which has none of its packages, and that
of its own environment.  So it imports what it is about inside of its functions only, and has

``REQUIREMENTS``
    what to install beside us, as pip takes it, without versions: the newest are meant.

A kind's ``__init__`` has

``TITLE``
    what the report calls it;
``cells(entry, environment)``
    which runs programs of the kind in the environment, and gives each judged ``Cell``.

A program that runs there tells what it saw with ``results.tell``.
"""
