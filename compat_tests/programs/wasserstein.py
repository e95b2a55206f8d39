"""A Wasserstein GAN with gradient penalty: gradients of gradients, parameters switched off in turns, old-style Variables."""

import numpy as np
import torch
import torch.autograd as autograd
import torch.nn as nn
from torch.autograd import Variable

torch.manual_seed(0)
np.random.seed(0)
Tensor = torch.FloatTensor
LAMBDA, BATCH = 10, 32


def real_points():
    while True:
        angle = np.random.randint(8, size=BATCH) * np.pi / 4
        points = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.02 * np.random.randn(BATCH, 2)
        yield points.astype("float32")


generator = nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1d(16, 0.8), nn.LeakyReLU(0.2, inplace=True), nn.Linear(16, 2))
critic = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2, inplace=True), nn.Linear(16, 1))


def gradient_penalty(real, fake):
    alpha = Tensor(np.random.random((BATCH, 1)))
    between = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    out = critic(between)
    gradients = autograd.grad(
        outputs=out,
        inputs=between,
        grad_outputs=Variable(Tensor(BATCH, 1).fill_(1.0), requires_grad=False),
        create_graph=True,
        retain_graph=True,
    )[0]
    return ((gradients.view(BATCH, -1).norm(2, dim=1) - 1) ** 2).mean()


opt_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.9))
opt_c = torch.optim.RMSprop(critic.parameters(), lr=1e-3)
data = real_points()
for it in range(12):
    for p in critic.parameters():
        p.requires_grad = True
    for _ in range(2):
        real = Variable(torch.from_numpy(next(data)))
        fake = generator(Variable(Tensor(np.random.normal(0, 1, (BATCH, 2))))).data
        opt_c.zero_grad()
        penalty = gradient_penalty(real.data, fake)
        loss_c = -torch.mean(critic(real)) + torch.mean(critic(fake)) + LAMBDA * penalty
        loss_c.backward()
        opt_c.step()
    for p in critic.parameters():
        p.requires_grad = False
    opt_g.zero_grad()
    loss_g = -critic(generator(Variable(Tensor(np.random.normal(0, 1, (BATCH, 2)))))).mean()
    loss_g.backward()
    opt_g.step()
    if it % 4 == 3:
        print(f"[{it}] critic {loss_c.item():.5f} generator {loss_g.item():.5f} penalty {penalty.item():.5f}")
print(f"{sum(p.abs().sum() for p in generator.parameters()):.4f}", [p.grad is None for p in critic.parameters()])
