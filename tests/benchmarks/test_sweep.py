"""The sweep over the training knobs: every setting learns, from the same windows."""

from dataclasses import replace

from benchmarks.sweep import CASES, CENTRE, KNOBS, material_of, swept


def test_a_setting_learns_more_than_the_base_knows() -> None:
    material = material_of(share=0.03)
    (run,) = swept([replace(CENTRE, epochs=2)], material)
    assert run.keys() == {*KNOBS, "held_out_loss", "seconds"}
    assert run["held_out_loss"] < material.base_loss


def test_every_setting_is_one_knob_away_from_the_first() -> None:
    for case in CASES[1:]:
        changed = {key for key in KNOBS if getattr(case, key) != getattr(CENTRE, key)}
        assert len(changed) == 1 or changed == {"rank", "alpha"}
    assert len(set(CASES)) == len(CASES)
