"""Captions and recordings made up for tests."""

import struct

LIST_HEADER = "file_name,caption,duration\n"
AUDIOCAPS_HEADER = "audiocap_id,youtube_id,start_time,caption\n"
CLOTHO_HEADER = "file_name,caption_1,caption_2,caption_3,caption_4,caption_5\n"


def write_list(folder, count=3, *, dataset="mine", caption="sound {}", duration=10.0):
    """Write a list of captions below ``folder`` and return ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{number}.wav,{caption.format(number)},{duration}\n" for number in range(count)]
    (folder / f"{dataset}.csv").write_text(LIST_HEADER + "".join(lines))
    return folder


def write_wav(path, *, seconds=10.0, rate_hz=48_000, channels=1, bits=16, sample_format=1):
    """Write the silence of a WAV file whose header says this."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = channels * bits // 8
    data = bytes(int(seconds * rate_hz) * frame)
    form = struct.pack("<HHIIHH", sample_format, channels, rate_hz, rate_hz * frame, frame, bits)
    chunks = b"LIST" + struct.pack("<I", 3) + b"abc\0"  # an odd size is padded
    chunks += b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)


def write_flac(path, *, seconds=10.0, rate_hz=48_000, channels=1, bits=16):
    """Write the beginning of a FLAC file, up to where its header says this."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = int(seconds * rate_hz)
    packed = rate_hz << 44 | (channels - 1) << 41 | (bits - 1) << 36 | samples
    sizes = struct.pack(">HH", 4096, 4096) + bytes(6)
    path.write_bytes(b"fLaC\x80\0\0\x22" + sizes + struct.pack(">Q", packed) + bytes(16))
