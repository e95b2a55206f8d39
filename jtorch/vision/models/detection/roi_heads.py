"""What is in each proposed region: its class and box, its mask, its key points."""

import jtorch
import jtorch.nn.functional as F
from jtorch import nn
from jtorch.tensor import Tensor

from ...ops import boxes as box_ops
from ...ops import roi_align
from . import _utils as det_utils


def fastrcnn_loss(
    class_logits: Tensor, box_regression: Tensor, labels: list[Tensor], regression_targets: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """Cross entropy of the classes; smooth L1 of the codes that belong to the right class (Girshick 2015, eq. 1 to 3)."""
    answers, codes = jtorch.cat(list(labels)), jtorch.cat(list(regression_targets))
    positive = jtorch.where(answers > 0)[0]
    found = box_regression.reshape(len(class_logits), -1, 4)[positive, answers[positive]]
    box_loss = F.smooth_l1_loss(found, codes[positive], beta=1 / 9, reduction="sum") / answers.numel()
    return F.cross_entropy(class_logits, answers), box_loss


def maskrcnn_inference(x: Tensor, labels: list[Tensor]) -> tuple[Tensor, ...]:
    """The probabilities (n, 1, M, M) of each picture's masks, of the class that was found."""
    classes = jtorch.cat(list(labels))
    chosen = x.sigmoid()[jtorch.arange(len(x), device=classes.device), classes][:, None]
    return chosen.split([len(of_one) for of_one in labels], 0)


def project_masks_on_boxes(gt_masks: Tensor, boxes: Tensor, matched_idxs: Tensor, M: int) -> Tensor:
    """The part of each box's mask that lies in it, M by M."""
    rois = jtorch.cat((matched_idxs.to(boxes)[:, None], boxes), 1)
    return roi_align(gt_masks[:, None].to(rois), rois, (M, M), 1.0)[:, 0]


def maskrcnn_loss(mask_logits, proposals, gt_masks, gt_labels, mask_matched_idxs) -> Tensor:
    """Binary cross entropy of the right class's mask alone (He et al. 2017, section 3)."""
    size = mask_logits.shape[-1]
    labels = jtorch.cat([of_one[chosen] for of_one, chosen in zip(gt_labels, mask_matched_idxs, strict=True)])
    rows = zip(gt_masks, proposals, mask_matched_idxs, strict=True)
    targets = jtorch.cat([project_masks_on_boxes(*row, size) for row in rows])
    if targets.numel() == 0:
        return mask_logits.sum() * 0
    found = mask_logits[jtorch.arange(len(labels), device=labels.device), labels]
    return F.binary_cross_entropy_with_logits(found, targets)


def keypoints_to_heatmap(keypoints: Tensor, rois: Tensor, heatmap_size: int) -> tuple[Tensor, Tensor]:
    """The place of each point in its box's map, counted row by row, and whether it is there and visible (0 or 1)."""
    corner, size = rois[:, None, :2], rois[:, None, 2:] - rois[:, None, :2]
    points = keypoints[..., :2]
    place = ((points - corner) * (heatmap_size / size)).floor().long()
    place = jtorch.where(points == rois[:, None, 2:], heatmap_size - 1, place)
    inside = ((place >= 0) & (place < heatmap_size)).all(-1)
    valid = (inside & (keypoints[..., 2] > 0)).long()
    return (place[..., 1] * heatmap_size + place[..., 0]) * valid, valid


def heatmaps_to_keypoints(maps: Tensor, rois: Tensor) -> tuple[Tensor, Tensor]:
    """Points (n, K, 3) of x, y, 1 where maps (n, K, H, W), resized to their boxes, are highest; and how high (n, K).

    The sizes that maps are resized to depend on values: boxes are read on the host.
    """
    sizes = (rois[:, 2:] - rois[:, :2]).clamp(min=1)
    points, scores = [], []
    for of_one, box, size in zip(maps, rois, sizes, strict=True):
        width, height = (int(side) for side in size.ceil().tolist())
        resized = F.interpolate(of_one[:, None], size=(height, width), mode="bicubic", align_corners=False)[:, 0]
        best = resized.flatten(1).max(1)
        x, y = best.indices % width, jtorch.div(best.indices, width, rounding_mode="floor")
        x = (x.float() + 0.5) * (size[0] / width) + box[0]
        y = (y.float() + 0.5) * (size[1] / height) + box[1]
        points.append(jtorch.stack((x, y, jtorch.ones_like(x)), 1))
        scores.append(best.values)
    if not points:
        count = maps.shape[1]
        return jtorch.zeros(0, count, 3, device=maps.device), jtorch.zeros(0, count, device=maps.device)
    return jtorch.stack(points), jtorch.stack(scores)


def keypointrcnn_loss(keypoint_logits, proposals, gt_keypoints, keypoint_matched_idxs) -> Tensor:
    """Cross entropy of the place of each visible point among those of the map (He et al. 2017, section 5)."""
    count, points, height, width = keypoint_logits.shape
    if height != width:
        raise ValueError(
            "keypoint_logits height and width (last two elements of shape) should be equal. "
            f"Instead got H = {height} and W = {width}"
        )
    rows = [
        keypoints_to_heatmap(of_one[chosen], boxes, height)
        for boxes, of_one, chosen in zip(proposals, gt_keypoints, keypoint_matched_idxs, strict=True)
    ]
    targets = jtorch.cat([places.reshape(-1) for places, _ in rows])
    valid = jtorch.where(jtorch.cat([there.reshape(-1) for _, there in rows]))[0]
    if targets.numel() == 0 or len(valid) == 0:
        return keypoint_logits.sum() * 0
    logits = keypoint_logits.reshape(count * points, height * width)
    return F.cross_entropy(logits[valid], targets[valid])


def keypointrcnn_inference(x: Tensor, boxes: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    parts = x.split([len(of_one) for of_one in boxes], 0)
    found = [heatmaps_to_keypoints(maps, of_one) for maps, of_one in zip(parts, boxes, strict=True)]
    return [points for points, _ in found], [scores for _, scores in found]


def expand_boxes(boxes: Tensor, scale: float) -> Tensor:
    """Boxes grown about their centres."""
    center, half = (boxes[:, 2:] + boxes[:, :2]) * 0.5, (boxes[:, 2:] - boxes[:, :2]) * 0.5 * scale
    return jtorch.cat((center - half, center + half), 1)


def expand_masks(mask: Tensor, padding: int) -> tuple[Tensor, float]:
    """Masks with a border of zeros, and how much larger they are."""
    size = mask.shape[-1]
    return F.pad(mask, (padding,) * 4), float(size + 2 * padding) / size


def paste_mask_in_image(mask: Tensor, box: Tensor, im_h: int, im_w: int) -> Tensor:
    """A mask (M, M) resized to its box of whole numbers, in a picture that is else zero.

    The picture reads the mask, so that shapes do not depend on the box.
    """
    corner, size = box[:2], (box[2:] - box[:2] + 1).clamp(min=1)
    places = [
        jtorch.arange(extent, device=mask.device) - start for extent, start in zip((im_w, im_h), corner, strict=True)
    ]
    inside = [(place >= 0) & (place < side) for place, side in zip(places, size, strict=True)]
    x, y = (2 * (place + 0.5) / side - 1 for place, side in zip(places, size, strict=True))
    grid = jtorch.stack((x[None].expand(im_h, im_w), y[:, None].expand(im_h, im_w)), -1).to(mask.dtype)
    pasted = F.grid_sample(mask[None, None], grid[None], mode="bilinear", padding_mode="border", align_corners=False)
    return jtorch.where(inside[0][None] & inside[1][:, None], pasted[0, 0], 0)


def paste_masks_in_image(masks: Tensor, boxes: Tensor, img_shape: tuple[int, int], padding: int = 1) -> Tensor:
    """Masks (n, 1, M, M) of boxes to masks (n, 1, H, W) of their picture."""
    masks, scale = expand_masks(masks, padding)
    boxes = expand_boxes(boxes, scale).to(jtorch.int64)
    if not len(masks):
        return masks.new_empty((0, 1, *img_shape))
    return jtorch.stack([paste_mask_in_image(m[0], box, *img_shape) for m, box in zip(masks, boxes, strict=True)])[
        :, None
    ]


class RoIHeads(nn.Module):
    """Regions of the maps to classes and boxes, and, with the modules for them, to masks and key points."""

    __annotations__ = {
        "box_coder": det_utils.BoxCoder,
        "proposal_matcher": det_utils.Matcher,
        "fg_bg_sampler": det_utils.BalancedPositiveNegativeSampler,
    }

    def __init__(
        self,
        box_roi_pool,
        box_head,
        box_predictor,
        fg_iou_thresh,
        bg_iou_thresh,
        batch_size_per_image,
        positive_fraction,
        bbox_reg_weights,
        score_thresh,
        nms_thresh,
        detections_per_img,
        mask_roi_pool=None,
        mask_head=None,
        mask_predictor=None,
        keypoint_roi_pool=None,
        keypoint_head=None,
        keypoint_predictor=None,
    ) -> None:
        super().__init__()
        self.box_similarity = box_ops.box_iou
        self.proposal_matcher = det_utils.Matcher(fg_iou_thresh, bg_iou_thresh, allow_low_quality_matches=False)
        self.fg_bg_sampler = det_utils.BalancedPositiveNegativeSampler(batch_size_per_image, positive_fraction)
        self.box_coder = det_utils.BoxCoder((10.0, 10.0, 5.0, 5.0) if bbox_reg_weights is None else bbox_reg_weights)
        self.box_roi_pool = box_roi_pool
        self.box_head = box_head
        self.box_predictor = box_predictor
        self.score_thresh = score_thresh
        self.nms_thresh = nms_thresh
        self.detections_per_img = detections_per_img
        self.mask_roi_pool = mask_roi_pool
        self.mask_head = mask_head
        self.mask_predictor = mask_predictor
        self.keypoint_roi_pool = keypoint_roi_pool
        self.keypoint_head = keypoint_head
        self.keypoint_predictor = keypoint_predictor

    def has_mask(self) -> bool:
        return None not in (self.mask_roi_pool, self.mask_head, self.mask_predictor)

    def has_keypoint(self) -> bool:
        return None not in (self.keypoint_roi_pool, self.keypoint_head, self.keypoint_predictor)

    def assign_targets_to_proposals(self, proposals, gt_boxes, gt_labels):
        """For each proposal the answer it matches (0 for none), and its class: 0 background, -1 neither."""
        matched, labels = [], []
        for of_one, boxes, classes in zip(proposals, gt_boxes, gt_labels, strict=True):
            if boxes.numel() == 0:
                nothing = jtorch.zeros(len(of_one), dtype=jtorch.int64, device=of_one.device)
                matched.append(nothing)
                labels.append(nothing.clone())
                continue
            matches = self.proposal_matcher(box_ops.box_iou(boxes, of_one))
            clamped = matches.clamp(min=0)
            label = classes[clamped].to(jtorch.int64)
            label = jtorch.where(matches == self.proposal_matcher.BELOW_LOW_THRESHOLD, 0, label)
            labels.append(jtorch.where(matches == self.proposal_matcher.BETWEEN_THRESHOLDS, -1, label))
            matched.append(clamped)
        return matched, labels

    def subsample(self, labels: list[Tensor]) -> list[Tensor]:
        masks = zip(*self.fg_bg_sampler(labels), strict=True)
        return [jtorch.where(positive | negative)[0] for positive, negative in masks]

    def add_gt_proposals(self, proposals, gt_boxes):
        return [jtorch.cat(both) for both in zip(proposals, gt_boxes, strict=True)]

    def check_targets(self, targets) -> None:
        if targets is None:
            raise ValueError("targets should not be None")
        for key in ("boxes", "labels", *(["masks"] if self.has_mask() else [])):
            if not all(key in target for target in targets):
                raise ValueError(f"Every element of targets should have a {key} key")

    def select_training_samples(self, proposals, targets):
        """Proposals drawn for the losses, with their answers: (boxes, indices of answers, classes, codes)."""
        self.check_targets(targets)
        answers = [target["boxes"].to(proposals[0].dtype) for target in targets]
        proposals = self.add_gt_proposals(proposals, answers)
        matched, labels = self.assign_targets_to_proposals(proposals, answers, [t["labels"] for t in targets])
        goals = []
        for i, chosen in enumerate(self.subsample(labels)):
            proposals[i], labels[i], matched[i] = proposals[i][chosen], labels[i][chosen], matched[i][chosen]
            boxes = answers[i] if answers[i].numel() else answers[i].new_zeros((1, 4))
            goals.append(boxes[matched[i]])
        return proposals, matched, labels, self.box_coder.encode(goals, proposals)

    def postprocess_detections(self, class_logits, box_regression, proposals, image_shapes):
        """The boxes of each class but the background's that score enough, without those that overlap better ones."""
        counts = [len(of_one) for of_one in proposals]
        boxes_of = self.box_coder.decode(box_regression, proposals).split(counts, 0)
        scores_of = F.softmax(class_logits, -1).split(counts, 0)
        all_boxes, all_scores, all_labels = [], [], []
        for boxes, scores, shape in zip(boxes_of, scores_of, image_shapes, strict=True):
            boxes = box_ops.clip_boxes_to_image(boxes, shape)[:, 1:].reshape(-1, 4)
            labels = jtorch.arange(1, scores.shape[1], device=scores.device).expand(len(scores), -1).reshape(-1)
            scores = scores[:, 1:].reshape(-1)
            large = ((boxes[:, 2:] - boxes[:, :2]) >= 0.01).all(1)
            keep = jtorch.where((scores > self.score_thresh) & large)[0]
            boxes, scores, labels = boxes[keep], scores[keep], labels[keep]
            keep = box_ops.batched_nms(boxes, scores, labels, self.nms_thresh)[: self.detections_per_img]
            all_boxes.append(boxes[keep])
            all_scores.append(scores[keep])
            all_labels.append(labels[keep])
        return all_boxes, all_scores, all_labels

    def _check_dtypes(self, targets) -> None:
        for target in targets:
            if target["boxes"].dtype not in (jtorch.float, jtorch.double, jtorch.half):
                raise TypeError(f"target boxes must of float type, instead got {target['boxes'].dtype}")
            if target["labels"].dtype != jtorch.int64:
                raise TypeError(f"target labels must of int64 type, instead got {target['labels'].dtype}")
            if self.has_keypoint() and target["keypoints"].dtype != jtorch.float32:
                raise TypeError(f"target keypoints must of float type, instead got {target['keypoints'].dtype}")

    def forward(self, features, proposals, image_shapes, targets=None):
        if targets is not None:
            self._check_dtypes(targets)
        if self.training:
            proposals, matched, labels, codes = self.select_training_samples(proposals, targets)
        pooled = self.box_head(self.box_roi_pool(features, proposals, image_shapes))
        class_logits, box_regression = self.box_predictor(pooled)
        result, losses = [], {}
        if self.training:
            loss_classifier, loss_box = fastrcnn_loss(class_logits, box_regression, labels, codes)
            losses = {"loss_classifier": loss_classifier, "loss_box_reg": loss_box}
            positive = [jtorch.where(of_one > 0)[0] for of_one in labels]
            places = [boxes[chosen] for boxes, chosen in zip(proposals, positive, strict=True)]
            answers = [of_one[chosen] for of_one, chosen in zip(matched, positive, strict=True)]
        else:
            found = self.postprocess_detections(class_logits, box_regression, proposals, image_shapes)
            result = [{"boxes": b, "labels": k, "scores": s} for b, s, k in zip(*found, strict=True)]
            places = [of_one["boxes"] for of_one in result]
        if self.has_mask():
            pooled = self.mask_roi_pool(features, places, image_shapes)
            logits = self.mask_predictor(self.mask_head(pooled))
            if self.training:
                masks, classes = ([target[key] for target in targets] for key in ("masks", "labels"))
                losses["loss_mask"] = maskrcnn_loss(logits, places, masks, classes, answers)
            else:
                for of_one, masks in zip(
                    result, maskrcnn_inference(logits, [r["labels"] for r in result]), strict=True
                ):
                    of_one["masks"] = masks
        if self.has_keypoint():
            pooled = self.keypoint_roi_pool(features, places, image_shapes)
            logits = self.keypoint_predictor(self.keypoint_head(pooled))
            if self.training:
                points = [target["keypoints"] for target in targets]
                losses["loss_keypoint"] = keypointrcnn_loss(logits, places, points, answers)
            else:
                for of_one, points, scores in zip(result, *keypointrcnn_inference(logits, places), strict=True):
                    of_one["keypoints"], of_one["keypoints_scores"] = points, scores
        return result, losses
