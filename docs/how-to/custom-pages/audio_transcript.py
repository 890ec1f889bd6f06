"""Listen, and correct what a machine has heard."""

import base64
import io
import math
import wave

from tallymark import recipe

RATE = 8000


def tone(hertz, seconds=1.5):
    """A recording as an address; with recordings in files, `get_stream("folder", loader="audio")`."""
    waves = (math.sin(2 * math.pi * hertz * n / RATE) for n in range(int(RATE * seconds)))
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((1, 1, RATE, 0, "NONE", ""))
        file.writeframes(bytes(int(128 + 60 * height) for height in waves))
    return f"data:audio/wav;base64,{base64.b64encode(held.getvalue()).decode()}"


RECORDINGS = [
    {"audio": tone(440), "transcript": "this is a hey", "meta": {"file": "one.wav"}},
    {"audio": tone(523), "transcript": "this is a sea", "meta": {"file": "two.wav"}},
]
BLOCKS = [
    {"view_id": "audio"},
    {
        "view_id": "text_input",
        "audio": None,
        "field_id": "transcript",
        "field_label": "What is said",
        "field_rows": 2,
    },
]


@recipe("pages.audio_transcript")
def audio_transcript(dataset: str):
    """Correct the transcript; enter plays and stops."""
    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": RECORDINGS,
        "config": {"blocks": BLOCKS, "audio_rate": 1.0},
    }
