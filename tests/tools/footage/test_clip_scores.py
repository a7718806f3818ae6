from types import SimpleNamespace as Plain

from tools.footage.clip_scores import count_flips, score_ranges


def result_of(labels):
    """A clip whose one face has these (label before smoothing, label) pairs, None for a frame without a face; half a second a frame."""
    faces = [[Plain(track=1, raw_label=pair[0], label=pair[1])] if pair else [] for pair in labels]
    rows = [Plain(frame=i, time_s=i / 2, faces=own) for i, own in enumerate(faces)]
    return Plain(rows=rows, summary=Plain(bundle={"name": "lite", "sha256": "abc"}))


def test_a_range_has_its_shares_and_what_was_mostly_said():
    labels = [("Anger", "Fear"), ("Sadness", "Neutral"), ("Sadness", "Neutral"), ("Neutral", "Neutral"), None]
    ranges = [
        {"clip": "a.mp4", "first_frame": "0", "last_frame": "3", "label": "Negative"},
        {"clip": "a.mp4", "first_frame": "4", "last_frame": "4", "label": "no_face"},
        {"clip": "a.mp4", "first_frame": "0", "last_frame": "1", "label": "cut"},
    ]
    rows, raw, smoothed = score_ranges(ranges, {"a.mp4": result_of(labels)})
    assert (raw, smoothed) == (0.75, 0.25)
    assert [(row["raw_share"], row["smoothed_share"], row["said"]) for row in rows] == [
        (0.75, 0.25, "Sadness 50%"),
        (1.0, 1.0, ""),
        (0.0, 0.0, "Anger 50%"),  # the track goes on after the shot
    ]
    flips = count_flips({"a.mp4": result_of(labels)})
    assert [(row["bundle"], row["raw_flips"], row["flips"]) for row in flips] == [("lite", 1.333, 0.667)]
