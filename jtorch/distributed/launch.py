"""`torch.distributed.launch`, the older torchrun: it also gives each worker `--local-rank=N`, unless told `--use-env`."""

import argparse
import sys
import warnings

from jtorch.distributed import run as torchrun
from jtorch.distributed.elastic.multiprocessing.errors import ChildFailedError


def parse_args(args=None) -> argparse.Namespace:
    parser = torchrun.get_args_parser()
    parser.add_argument("--use-env", "--use_env", action="store_true", help="the local rank is in LOCAL_RANK alone")
    return parser.parse_args(args)


def main(args=None) -> None:
    """The command line."""
    warnings.warn(
        "The module torch.distributed.launch is deprecated\nand will be removed in future. Use torchrun: "
        "it gives the local rank in os.environ['LOCAL_RANK'] alone, as --use-env does here.",
        FutureWarning,
        stacklevel=2,
    )
    found = parse_args(args)
    try:
        torchrun.run(found, numbered=not found.use_env)
    except ChildFailedError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
