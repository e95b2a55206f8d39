"""What is measured. Files that say `import torch` run unmodified under torch and under jtorch; `flax_models` is their hand-written counterpart."""
