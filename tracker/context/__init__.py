"""Blocks of a program: who the calls inside belong to, in every thread, task and generator."""
