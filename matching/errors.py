"""What can go wrong in the matching room.

MatchingError
├── ImageError            the picture cannot be one of a finger or a face (shape, depth, size, resolution)
├── TemplateError         bytes that are not a template
│   └── TemplateVersion   a template of a format this program does not know: newer software wrote it
├── ModelError            a network's weights
│   ├── ModelMissing      not installed; says the command that installs it
│   └── ModelRefused      found, but not the file the manifest names; says file, expected and found
├── CalibrationError      a rate of errors for which nothing was measured
└── DataError             a benchmark folder that cannot be used, naming the file
"""


class MatchingError(Exception):
    """Root of every error that leaves this room."""


class ImageError(MatchingError):
    """The picture cannot be one of a finger or a face; the message says what is wrong with it."""


class TemplateError(MatchingError):
    """Bytes that are not a template."""


class TemplateVersion(TemplateError):  # noqa: N818 - reads as the thing that is wrong
    """A template whose format this program does not know."""


class ModelError(MatchingError):
    """Something is wrong with a network's weights."""


class ModelMissing(ModelError):  # noqa: N818
    """The weights are not installed."""


class ModelRefused(ModelError):  # noqa: N818
    """The file found is not the one the manifest names."""


class CalibrationError(MatchingError):
    """A rate of errors for which nothing was measured."""


class DataError(MatchingError):
    """A folder of test pictures that cannot be used."""
