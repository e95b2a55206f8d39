"""What the documents say about images and transforms, as they write it."""

import numpy as np
from PIL import Image

import jtorch as torch
from compat_tests.documents.rows import Row, check, parametrize
from compat_tests.vision.transform_cases import picture
from jtorch.utils.data import DataLoader, Dataset
from jtorch.vision import transforms


def test_image_and_tensor_are_each_other_scaled():
    """BEH-98: an image is the tensor with 0..255 for 0..1 and (H, W, C) for (C, H, W), by transform and by hand."""
    image = picture("RGB")
    tensor = transforms.ToTensor()(image)
    by_hand = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
    np.testing.assert_allclose(tensor.numpy(), by_hand.numpy(), rtol=1e-6)

    back = transforms.ToPILImage()(tensor)
    levels = torch.clamp(tensor * 255, min=0, max=255).byte().permute(1, 2, 0).cpu().numpy()
    assert back.tobytes() == Image.fromarray(levels).tobytes() == image.tobytes()


def test_random_grayscale_keeps_three_channels():
    """BEH-99"""
    assert transforms.RandomGrayscale().p == 0.1
    assert transforms.RandomGrayscale(1.0)(picture("RGB")).mode == "RGB"


class FMDataset(Dataset):
    """The documents' data set of rows (label, 784 pixels), without pandas."""

    def __init__(self, table, transform=None):
        self.images = table[:, 1:].astype(np.uint8)
        self.labels = table[:, 0]
        self.transform = transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        image = self.images[idx].reshape(28, 28, 1)
        label = int(self.labels[idx])
        if self.transform is not None:
            image = self.transform(image)
        else:
            image = torch.tensor(image / 255.0, dtype=torch.float)
            label = torch.tensor(label, dtype=torch.long)
        return image, label


def test_loading_fashion_mnist():
    """FMT-19, PAT-15: the batch that the documents' own data set and transform give."""
    table = np.random.RandomState(0).randint(0, 256, (300, 785))
    table[:, 0] %= 10
    data_transform = transforms.Compose([transforms.ToPILImage(), transforms.Resize(28), transforms.ToTensor()])
    train_loader = DataLoader(FMDataset(table, data_transform), batch_size=256, shuffle=True, drop_last=True)
    assert len(train_loader) == 1
    image, label = next(iter(train_loader))
    assert f"{image.shape}\n{label.shape}" == "torch.Size([256, 1, 28, 28])\ntorch.Size([256])"
    assert (image.dtype, label.dtype) == (torch.float32, torch.int64)

    plain, _ = next(iter(DataLoader(FMDataset(table), batch_size=4)))
    assert plain.shape == (4, 28, 28, 1)


ROWS = [
    Row("BEH-99 crops", "000:310-330: RandomResizedCrop, FiveCrop, TenCrop",
        """
        from torchvision import transforms
        image = torch.arange(3 * 12 * 10, dtype=torch.uint8).view(3, 12, 10)
        print(transforms.RandomResizedCrop(5, scale=(0.5, 1.0))(image).shape, transforms.RandomResizedCrop((4, 6))(image).shape)
        five, ten = transforms.FiveCrop(4)(image), transforms.TenCrop(4, vertical_flip=True)(image)
        print(len(five), len(ten), torch.equal(five[0], image[:, :4, :4]), torch.equal(five[3], image[:, -4:, -4:]))
        print(torch.equal(five[4], image[:, 4:8, 3:7]), torch.equal(ten[5], image.flip(1)[:, :4, :4]))
        """, """
        torch.Size([3, 5, 5]) torch.Size([3, 4, 6])
        5 10 True True
        True True
        """),
    Row("BEH-99 Pad", "000:314: constant, edge, reflect, symmetric",
        """
        from torchvision import transforms
        row = torch.tensor([[[1, 2, 3]]])
        for mode in ("constant", "edge", "reflect", "symmetric"):
            print(mode, transforms.Pad((2, 0), fill=9, padding_mode=mode)(row).flatten().tolist())
        """, """
        constant [9, 9, 1, 2, 3, 9, 9]
        edge [1, 1, 1, 2, 3, 3, 3]
        reflect [3, 2, 1, 2, 3, 2, 1]
        symmetric [2, 1, 1, 2, 3, 3, 2]
        """),
    Row("BEH-99 LinearTransformation", "000:340: whitening",
        """
        from torchvision import transforms
        torch.manual_seed(0)
        data = torch.randn(500, 4, dtype=torch.float64) @ torch.randn(4, 4, dtype=torch.float64)
        mean = data.mean(0)
        values, vectors = torch.linalg.eigh(torch.cov(data.T))
        whiten = transforms.LinearTransformation(vectors @ torch.diag(values.rsqrt()) @ vectors.T, mean)
        white = torch.stack([whiten(row.view(1, 2, 2)) for row in data])
        print(white.shape, torch.allclose(torch.cov(white.flatten(1).T), torch.eye(4, dtype=torch.float64)))
        """, "torch.Size([500, 1, 2, 2]) True"),
]  # fmt: skip


@parametrize(ROWS)
def test(worker, row):
    check(worker, row)
