"""How far one machine goes, and what breaks first beyond it: a model of the whole, and a check against what was run."""
