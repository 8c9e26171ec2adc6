"""What counts as one clear error."""
from meltr_mm.datasets.data_files import ForeignClassError
from meltr_mm.datasets.video_text_dataset import MissingVideosError
from meltr_mm.pickled_arrays import RefusedFileError

# Exactly these: a subclass such as UnicodeDecodeError comes from the depths.
CLEAR = (ValueError, TypeError, KeyError, FileNotFoundError,
         FloatingPointError, ForeignClassError, MissingVideosError,
         RefusedFileError)


def unclear(error, names):
    """Say what is wrong with an error message, or None.

    Args:
        error (Exception): What was raised.
        names (Sequence[str]): One of these must stand in the message: of the
            file, or of the option.
    """
    frame = error.__traceback__
    while frame.tb_next is not None:
        frame = frame.tb_next
    module = frame.tb_frame.f_globals.get('__name__', '')
    if type(error) not in CLEAR:
        return f'{type(error).__name__} is not for people'
    if module == 'mmengine.registry.build_functions':
        # MMEngine's own answer to a type that nobody registered.
        return None if 'is not in the' in str(error) else str(error)
    if module.split('.')[0] != 'meltr_mm':
        return f'was raised in {module}, not by our code'
    if error.__context__ is not None and not error.__suppress_context__:
        return f'comes with a second error, {error.__context__!r}'
    if not any(name in str(error) for name in names):
        return f'names none of {list(names)}'
    return None
