"""Switches of the libraries under PyTorch, as far as they mean something here; the others are kept and change nothing."""

from jtorch.backends import cpu, cuda, cudnn, cusparselt, mkl, mkldnn, mps, nnpack, openmp, opt_einsum, quantized
