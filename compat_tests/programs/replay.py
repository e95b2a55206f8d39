"""Q-learning with a replay memory: batches of named tuples, masked assignment, a target network blended through state dicts."""

import math
import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

device = torch.device("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")
random.seed(42)
np.random.seed(42)
torch.manual_seed(42)
Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))
BATCH_SIZE, GAMMA, TAU = 16, 0.95, 0.05


class DQN(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Linear(2, 16)
        self.layer2 = nn.Linear(16, 2)

    def forward(self, x):
        return self.layer2(torch.relu(self.layer1(x)))


class Walk:
    def reset(self):
        self.p, self.t = 0.0, 0
        return np.array([self.p, 0.0], dtype=np.float32)

    def step(self, action):
        self.p += (0.2 if action == 1 else -0.1) + 0.05 * np.random.randn()
        self.t += 1
        observation = np.array([self.p, self.t / 20], dtype=np.float32)
        return observation, float(self.p > 1.0) - 0.01, self.p > 1.0, self.t >= 20


env = Walk()
policy_net, target_net = DQN().to(device), DQN().to(device)
target_net.load_state_dict(policy_net.state_dict())
optimizer = optim.AdamW(policy_net.parameters(), lr=1e-2, amsgrad=True)
memory = deque([], maxlen=1000)
steps_done = 0


def select_action(state):
    global steps_done
    threshold = 0.05 + 0.85 * math.exp(-steps_done / 60)
    steps_done += 1
    if random.random() > threshold:
        with torch.no_grad():
            return policy_net(state).max(1).indices.view(1, 1)
    return torch.tensor([[random.randint(0, 1)]], device=device, dtype=torch.long)


def optimize_model():
    if len(memory) < BATCH_SIZE:
        return None
    batch = Transition(*zip(*random.sample(memory, BATCH_SIZE), strict=True))
    alive = torch.tensor(tuple(s is not None for s in batch.next_state), device=device, dtype=torch.bool)
    next_states = torch.cat([s if s is not None else torch.zeros(1, 2) for s in batch.next_state])
    values = policy_net(torch.cat(batch.state)).gather(1, torch.cat(batch.action))
    next_values = torch.zeros(BATCH_SIZE, device=device)
    with torch.no_grad():
        next_values[alive] = target_net(next_states).max(1).values[alive]
    loss = nn.SmoothL1Loss()(values, (next_values * GAMMA + torch.cat(batch.reward)).unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()
    return loss.item()


for episode in range(6):
    state = torch.tensor(env.reset(), dtype=torch.float32, device=device).unsqueeze(0)
    done, total = False, 0.0
    while not done:
        action = select_action(state)
        observation, reward, terminated, truncated = env.step(action.item())
        total += reward
        done = terminated or truncated
        next_state = None if terminated else torch.tensor(observation, device=device).unsqueeze(0)
        memory.append(Transition(state, action, next_state, torch.tensor([reward], device=device)))
        state = next_state
        loss = optimize_model()
        target, policy = target_net.state_dict(), policy_net.state_dict()
        for key in policy:
            target[key] = policy[key] * TAU + target[key] * (1 - TAU)
        target_net.load_state_dict(target)
    print(f"episode {episode}: steps {env.t}, return {total:.3f}, loss {loss if loss is None else round(loss, 5)}")
print(policy_net(torch.tensor([[0.5, 0.2]])), steps_done)
