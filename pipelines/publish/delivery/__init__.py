"""Handing messages over to whoever carries them: adapters, and the journal by which nobody gets one twice."""
