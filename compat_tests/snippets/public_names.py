"""Names that the census of torch's public ones asked for: older spellings, sizes as numbers, branches, memory order, segments."""
import torch

# --- removed: eig
torch.eig(torch.ones(2, 2))
# --- removed: symeig method
torch.ones(2, 2).symeig()
# --- removed: solve
torch.solve(torch.ones(2, 2), torch.ones(2, 2))
# --- removed: lstsq
torch.ones(2, 2).lstsq(torch.ones(2, 2))
# --- removed: matrix_rank
torch.matrix_rank(torch.ones(2, 2))
# --- removed: reinforce
torch.ones(2).reinforce(1)
# --- volatile and name
[torch.ones(2).volatile, torch.ones(2).name]
# --- resize_as
torch.ones(2).resize_as(torch.ones(1, 2))
# --- operators of Python 2
x = torch.tensor([1.0, 4.0])
[x.__div__(2), x.__rdiv__(2), x.__idiv__(2), torch.tensor(3.5).__long__(), torch.tensor(3).__nonzero__()]
# --- reversed
[list(reversed(torch.arange(4).view(2, 2))), reversed(torch.tensor(3))]
# --- del of an element
x = torch.ones(3)
del x[0]
# --- is_cpu and grad_dtype
x = torch.ones(2, requires_grad=True)
[x.is_cpu, x.grad_dtype, torch.ones(2, dtype=torch.int32).grad_dtype]
# --- grad_dtype of a result
(torch.ones(2, requires_grad=True) * 2).grad_dtype
# --- cuda array interface of a host tensor
torch.ones(2).__cuda_array_interface__
# --- abbreviations of dtypes
[getattr(torch, name).abbr for name in "float64 float32 float16 bfloat16 int8 uint8 int64 uint16 bool complex64 complex128".split()]
# --- dim_order
x = torch.ones(2, 3, 4, 5)
[x.dim_order(), x.permute(3, 1, 0, 2).dim_order(), x.to(memory_format=torch.channels_last).dim_order(), torch.ones(2, 1, 3).dim_order()]
# --- dim_order that is unique
x = torch.ones(2, 3, 4, 5)
[x.dim_order(ambiguity_check=True), x.to(memory_format=torch.channels_last).dim_order(ambiguity_check=[torch.contiguous_format, torch.channels_last])]
# --- dim_order of length 1
torch.ones(2, 1, 1).dim_order(ambiguity_check=True)
# --- dim_order of a transposed column
torch.ones(2, 3).t()[:, :1].dim_order(ambiguity_check=True)
# --- dim_order that fits two formats
torch.ones(2, 1, 1, 1).dim_order(ambiguity_check=[torch.contiguous_format, torch.channels_last])
# --- dim_order of an expanded tensor
torch.ones(4, 3).expand(2, 4, 3).dim_order(ambiguity_check=True)
# --- dim_order argument
torch.ones(2).dim_order(ambiguity_check=3)
# --- empty_permuted
x = torch.empty_permuted((2, 3, 4), (0, 2, 1), dtype=torch.int32)
[x.stride(), x.shape, x.dtype, torch.empty_permuted((), ()).shape, torch.empty_permuted((2, 2), (1, 0), requires_grad=True).requires_grad]
# --- empty_permuted of a wrong length
torch.empty_permuted((2, 3, 4), (0, 2))
# --- empty_permuted twice
torch.empty_permuted((2, 3, 4), (0, 2, 2))
# --- nonzero_static
x = torch.tensor([[1, 0], [0, 2]])
[torch.nonzero_static(x, size=3), x.nonzero_static(size=1, fill_value=7), torch.nonzero_static(torch.tensor(3), size=2), torch.nonzero_static(x, size=0)]
# --- nonzero_static of a negative size
torch.nonzero_static(torch.ones(2), size=-1)
# --- map2_
torch.tensor([1.0, 2.0]).map2_(torch.ones(2), torch.full((2,), 3.0), lambda a, b, c: a + b * c)
# --- map2_ of a leaf
torch.ones(2, requires_grad=True).map2_(torch.ones(2), torch.ones(2), lambda a, b, c: a)
# --- map_ by keyword
torch.tensor([1.0, 2.0]).map_(torch.ones(2), callable=lambda a, b: a - b)
# --- module_load
p = torch.nn.Parameter(torch.ones(2), requires_grad=False)
[p.module_load(torch.zeros(2)), p, p.module_load(torch.ones(2), assign=True)]
# --- record_stream of nothing
torch.ones(2).record_stream(None)
# --- functions that are methods
x = torch.zeros(4)
[torch.fill_(x, 3), torch.zero_(x), torch.detach_(x), torch.detach(x), torch.index_put_(x, (torch.tensor([1]),), torch.tensor(2.0)), torch.as_strided_(x, (2,), (2,)), torch.resize_as_(torch.zeros(4), torch.zeros(2, 2))]
# --- cond
f, g = lambda x: x + 1, lambda x: x - 1
[torch.cond(torch.tensor(True), f, g, (torch.ones(2),)), torch.cond(False, f, g, (torch.ones(2),))]
# --- while_loop
torch.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (torch.tensor(0), torch.ones(2)))
# --- sizes as numbers
[torch.sym_max(1, 2), torch.sym_max(1, 2.0), torch.sym_min(3, 2.0), torch.sym_min(2, 3.0), torch.sym_int(-3.7), torch.sym_float(3), torch.sym_not(3), torch.sym_ite(True, 1, 2), torch.sym_sqrt(4), torch.sym_sum(1, 2, 3), torch.sym_sum([1, 2])]
# --- sym_ite of another condition
torch.sym_ite(1, 1, 2)
# --- sym_ite of two types
torch.sym_ite(True, 1, 2.0)
# --- constants
[torch.newaxis, torch.legacy_contiguous_format, torch.has_lapack, torch.has_spectral, torch.thread_safe_generator()]
# --- segments: sum and mean
x = torch.arange(6.0)
n = torch.tensor([2, 0, 4])
[torch.segment_reduce(x, r, lengths=n) for r in ("sum", "mean", "max", "min", "prod")]
# --- segments: initial
x = torch.arange(6.0)
n = torch.tensor([2, 0, 4])
[torch.segment_reduce(x, r, lengths=n, initial=1) for r in ("sum", "mean", "max", "min", "prod")]
# --- segments: offsets, rows
x = torch.arange(6.0)
[torch.segment_reduce(x, "sum", offsets=torch.tensor([0, 2, 6])), torch.segment_reduce(x.view(3, 2), "sum", lengths=torch.tensor([2, 1])), torch.segment_reduce(x.view(3, 2), "max", lengths=torch.tensor([[2], [1], [2]]), axis=1, unsafe=True)]
# --- segments: gradients
x = torch.tensor([3.0, 3.0, 0.0, 2.0, 5.0, 0.0], requires_grad=True)
w = torch.tensor([-1.0, 2.0, 3.0])
for r in ("sum", "mean", "max", "min", "prod"):
    (g,) = torch.autograd.grad((torch.segment_reduce(x, r, lengths=torch.tensor([2, 1, 3])) * w).sum(), x)
    print(r, g)
# --- segments: gradient of ties
x = torch.tensor([3.0, 3.0, 5.0, 5.0], requires_grad=True)
w = torch.tensor([-1.0, 2.0])
(torch.segment_reduce(x, "max", lengths=torch.tensor([2, 2])) * w).sum().backward()
x.grad
# --- segments: nan
torch.segment_reduce(torch.tensor([1.0, float("nan"), 2.0]), "max", lengths=torch.tensor([2, 1]))
# --- segments: lengths that do not add up
torch.segment_reduce(torch.arange(6.0), "sum", lengths=torch.tensor([2, 3]))
# --- segments: unknown reduction
torch.segment_reduce(torch.arange(6.0), "foo", lengths=torch.tensor([6]))
# --- segments: nothing given
torch.segment_reduce(torch.arange(6.0), "sum")
# --- segments: integers
torch.segment_reduce(torch.arange(6), "sum", lengths=torch.tensor([2, 4]))
# --- spelled as another overload has it
x = torch.arange(4.0)
[x.split(split_size=3), torch.hsplit(x, sections=2), torch.tensor_split(x, indices=(1,)), torch.tensor_split(x, tensor_indices_or_sections=torch.tensor(3)), torch.swapaxes(x.view(2, 2), axis0=0, axis1=1), torch.split_with_sizes(input=x, split_sizes=[1, 3])]
# --- spelled: predicates
[torch.result_type(scalar=1, tensor=torch.ones(2)), torch.result_type(scalar1=1, scalar2=2.0), torch.promote_types(type1=torch.int8, type2=torch.float16), torch.ones(2).is_set_to(tensor=torch.ones(2))]
# --- spelled: making tensors
[torch.scalar_tensor(1, layout=torch.strided, pin_memory=False), torch.tril_indices(2, 2, pin_memory=False), torch.ones(2).new(size=(2, 3)).shape, torch.ones(2).new(other=torch.ones(2)), torch.zeros(2).copy_(other=torch.ones(2)), torch.from_dlpack(ext_tensor=torch.ones(2))]
# --- from_dlpack with a copy
x = torch.ones(2)
y = torch.from_dlpack(x, copy=True)
x.zero_()
[y, torch.from_dlpack(torch.ones(2), device="cpu")]
# --- no_grad of a function by keyword
torch.enable_grad(orig_func=lambda: torch.is_grad_enabled())()
# --- keywords of overloads continued
x = torch.eye(2)
[torch.cholesky_solve(x, input2=x), torch.isin(x, test_element=1), torch.isin(element=1, test_elements=torch.tensor([1])), torch.unsafe_split(input=torch.ones(4), split_size=2)]
# --- orgqr and ormqr
a, tau = torch.geqrf(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
[torch.orgqr(a, input2=tau), a.orgqr(tau), torch.ormqr(a, input2=tau, input3=torch.eye(2))]
# --- unsafe_split by sizes
torch.unsafe_split(torch.ones(4), [2, 2])
# --- rrelu of a generator
x = -torch.ones(2, 2)
[torch.rrelu(x, 0.1, 0.3, True, torch.Generator().manual_seed(1)), torch.nn.functional.rrelu_(x.clone(), 0.1, 0.3, True, torch.Generator().manual_seed(1))]
# --- elu_ with scales
x = torch.tensor([-1.0, 2.0], requires_grad=True)
y = torch.nn.functional.elu_(x * 1, 1.0, 2.0, 3.0)
y.sum().backward()
[y.detach(), x.grad]
# --- out of threshold, argsort and norm
x = torch.tensor([3.0, 1.0, 2.0])
[torch.threshold(x, 1.5, 0.0, out=torch.empty(3)), torch.argsort(x, stable=True, out=torch.empty(3, dtype=torch.int64)), torch.norm(x, 2, None, False, torch.empty(())), torch.tensordot(x, x, 1, torch.empty(()))]
# --- out of argsort in another dtype
torch.argsort(torch.ones(2), stable=True, out=torch.empty(2))
# --- conv_tbc
x = torch.arange(12.0).view(3, 2, 2).requires_grad_()
y = torch.conv_tbc(x, torch.arange(12.0).view(2, 2, 3), torch.ones(3), 1)
y.sum().backward()
[y.detach(), x.grad]
# --- conv_tbc of too few dimensions
torch.conv_tbc(torch.ones(3, 2), torch.ones(2, 2, 3), torch.ones(3))
# --- conv_tbc of other channels
torch.conv_tbc(torch.ones(3, 2, 4), torch.ones(2, 2, 3), torch.ones(3))
# --- convolution
x, w = torch.arange(10.0).view(1, 2, 5), torch.arange(12.0).view(3, 2, 2)
[torch.convolution(x, w, None, [1], [0], [1], False, [0], 1), torch.convolution(x, w.transpose(0, 1), torch.ones(3), (2,), (1,), (1,), True, (1,), 1)]
# --- embedding_renorm_
x = torch.tensor([[3.0, 4.0], [6.0, 8.0], [0.3, 0.4]])
[torch.embedding_renorm_(x, torch.tensor([0, 2, 2]), 1.0, 2.0) is x, x]
# --- embedding_renorm_ at floats
torch.embedding_renorm_(torch.ones(2, 2), torch.tensor([0.0]), 1.0, 2.0)
# --- batch_norm_update_stats
mean, var = torch.zeros(2), torch.ones(2)
[torch.batch_norm_update_stats(torch.tensor([[1.0, 2.0], [5.0, 9.0]]), mean, var, 0.1), mean, var]
# --- grouped_mm
a, b = torch.arange(48.0).view(6, 8).requires_grad_(), torch.arange(256.0).view(2, 8, 16) / 64
y = torch.nn.functional.grouped_mm(a, b, offs=torch.tensor([2, 6], dtype=torch.int32))
[y.detach(), torch.nn.functional.grouped_mm(a.detach().view(2, 3, 8), b)]
# --- grouped_mm along the columns and along both
a, b, ends = torch.arange(128.0).view(2, 8, 8) / 64, torch.arange(128.0).view(8, 16) / 64, torch.tensor([4, 16], dtype=torch.int32)
[torch.nn.functional.grouped_mm(a, b, offs=ends), torch.nn.functional.grouped_mm(b, b.view(16, 8), offs=ends)]
# --- grouped_mm without ends
torch.nn.functional.grouped_mm(torch.ones(4, 8), torch.ones(2, 8, 16))
# --- grouped_mm of other contractions
torch.nn.functional.grouped_mm(torch.ones(4, 8), torch.ones(2, 4, 16), offs=torch.tensor([2, 4], dtype=torch.int32))
# --- sizes that are not known
[isinstance(torch.ones(3).size(0), torch.SymInt), torch.sym_constrain_range(3, min=1, max=5), torch.sym_constrain_range_for_size(1, max=9)]
# --- sym_constrain_range
torch.sym_constrain_range(8, min=1, max=5)
# --- sym_constrain_range_for_size
torch.sym_constrain_range_for_size(-3)
# --- autocast of other devices
[torch.get_autocast_ipu_dtype(), torch.get_autocast_xla_dtype(), torch.is_autocast_xla_enabled()]
# --- from_file
import os, tempfile
file = os.path.join(tempfile.mkdtemp(), "numbers")
torch.arange(4.0).numpy().tofile(file)
shared = torch.from_file(file, shared=True, size=6)
shared[0] = 9
[torch.from_file(file, size=6), torch.from_file(file, False, 2, dtype=torch.int32), os.path.getsize(file)]
# --- from_file that is not there
torch.from_file("/nonexistent/numbers", size=1)
# --- merge_masks
layer, query = torch.nn.MultiheadAttention(4, 2), torch.zeros(2, 3, 4)
[layer.merge_masks(None, None, query), layer.merge_masks(torch.ones(3, 3), torch.zeros(2, 3), query)]
# --- DataParallel on the CPU
model = torch.nn.DataParallel(torch.nn.Linear(2, 2))
[model, model.device_ids, list(model.state_dict()), model(torch.ones(1, 2)).shape]
# --- factory_kwargs
torch.nn.factory_kwargs({"device": "cpu", "factory_kwargs": {"dtype": torch.float32}})
# --- factory_kwargs given twice
torch.nn.factory_kwargs({"device": "cpu", "factory_kwargs": {"device": "cpu"}})
# --- assert_int_or_pair
torch.nn.functional.assert_int_or_pair((1,), "kernel_size", "{} must be an int or a pair")
