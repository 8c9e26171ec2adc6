"""All-in-one (Wang et al., CVPR 2023), as fine-tuned by MELTR (Ko et al.).

Shapes: B videos, R text rows, T frames, H x W pixels, N visual tokens per
frame ([CLS] and patches), L text tokens, D width.
"""
from typing import Callable, Dict, List, Optional, Sequence, Tuple, Union

from mmaction.structures import ActionDataSample
from mmengine.registry import MODELS
from torch import Tensor, nn

from ..layers import RankingModel, build_bert, build_bert_config
from .batch import AllInOneBatch
from .heads import HEADS, ContrastiveHead
from .heads.head import PredictingHead
from .retrieval import rank_gallery

TEXT, VIDEO = 0, 1  # rows of the table of modalities


@MODELS.register_module()
class AllInOne(RankingModel):
    """One transformer for text, for video, and for both.

    Words are embedded as in BERT and given to every frame; a frame is its
    patches and a [CLS]. Each frame with the words is an attention sequence
    of its own; before each layer some visual tokens change frames, which is
    all that frames see of each other. States are normalised, then averaged
    over the frames. Text alone and video alone run through the same layers.

    The input is what ``ActionDataPreprocessor(mean=..., std=...,
    format_shape='NCTHW')`` yields. Fields of the data samples, for the heads
    that read them: ``text_ids`` and ``text_mask``, (L,) int64; for 'mlm'
    ``masked_text_ids`` and ``mlm_labels``, (L,) int64 with -1 = not hidden;
    for 'rank' and 'mc' ``option_ids`` and ``option_mask``, (C, L) int64; for
    'qa', 'rank' and 'mc' ``gt_label``, (1,) int64.

    Args:
        heads (dict[str, dict]): Objectives and their arguments, in the order
            of the losses: 'mlm' (:class:`MaskedLanguageHead`), 'itc'
            (:class:`ContrastiveHead`), 'itm' (:class:`MatchingHead`), 'rank'
            (:class:`RankingHead`), 'qa' (:class:`OpenEndedQAHead`), 'mc'
            (:class:`MultipleChoiceQAHead`).
        target (str): The head that predicts, one of 'itc', 'rank', 'qa' and
            'mc'.
        vit (dict, optional): Arguments of :class:`AllInOneViT` without
            ``embed_dims``. Defaults to ViT-B/16 for 3 frames of 224 pixels.
        bert (dict, optional): Fields of ``BertConfig`` for the word
            embeddings and the MLM head; ``max_position_embeddings`` is the
            largest L. Defaults to bert-base-uncased with L = 40.
        data_preprocessor (dict, optional): See above.
        init_cfg (dict, optional): MMEngine's initialisation. Defaults to
            N(0, 0.02) and zero biases outside the vision transformer, which
            draws its own.

    Raises:
        ValueError: If a head is unknown, or ``target`` is not one of
            ``heads`` that predicts.

    Examples:
        >>> model = MODELS.build(dict(
        ...     type='AllInOne',
        ...     heads=dict(mlm=dict(), itc=dict(shared_dim=512)),
        ...     target='itc'))
        >>> losses = model(inputs, data_samples, mode='loss')
        >>> list(losses)
        ['loss_mlm', 'loss_itc']
    """

    def __init__(self,
                 heads: Dict[str, Dict],
                 target: str,
                 vit: Optional[Dict] = None,
                 bert: Optional[Dict] = None,
                 data_preprocessor: Optional[Dict] = None,
                 init_cfg: Optional[Dict] = None) -> None:
        if init_cfg is None:
            init_cfg = dict(
                type='Normal', layer=['Linear', 'Embedding'], std=0.02)
        super().__init__(data_preprocessor, init_cfg)
        self.bert_config = build_bert_config(
            {'max_position_embeddings': 40, **(bert or {}),
             'num_hidden_layers': 0})
        D = self.bert_config.hidden_size
        self.text_embeddings, _ = build_bert(self.bert_config)
        self.modality_embeddings = nn.Embedding(2, D)
        self.vit = MODELS.build(
            {'type': 'AllInOneViT', **(vit or {}), 'embed_dims': D})
        self.pooler = nn.Linear(D, D)
        _check_names(heads)
        self.heads = nn.ModuleDict({
            name: HEADS[name](self.bert_config, **options)
            for name, options in heads.items()
        })
        predicting = [name for name, head in self.heads.items()
                      if isinstance(head, PredictingHead)]
        if target not in predicting:
            raise ValueError(
                f'target must be one of the heads that predict, {predicting} '
                f'here, but got {target!r}')
        self.target = target
        self.register_load_state_dict_pre_hook(_rank_as_matching)

    def batch_of(self, inputs: Optional[Tensor],
                 data_samples: Optional[Sequence[ActionDataSample]],
                 mode: str) -> AllInOneBatch:
        """Read normalised RGB frames and their samples.

        Args:
            inputs (Tensor, optional): (B, 1, 3, T, H, W) or (B, 3, T, H, W);
                None for texts only. With the target 'itc', in the modes
                'predict' and 'tensor', also (B, V, 3, T, H, W): V clips of
                each video, whose similarities are averaged.
            data_samples (Sequence[ActionDataSample]): B samples.
            mode (str): Of :meth:`forward`.

        Returns:
            AllInOneBatch: The batch.
        """
        takes_views = self.heads[self.target].takes_views and mode != 'loss'
        frames, views = (None, 1) if inputs is None else _clips(
            inputs, takes_views)
        return AllInOneBatch(self, frames, data_samples, views)

    def loss_functions(self) -> Dict[str, Callable[[AllInOneBatch], Tensor]]:
        """Name the losses of the heads, in their order."""
        functions = {}
        for head in self.heads.values():
            functions.update(head.loss_functions())
        return functions

    def predict(self, batch: AllInOneBatch) -> List[ActionDataSample]:
        """Write the predictions of the target head into the samples."""
        return self.heads[self.target].predict(batch)

    def outputs(
            self,
            batch: AllInOneBatch) -> Union[Tensor, Dict[str, Tensor]]:
        """Compute the target's scores, (B, K); for 'itc' both features."""
        return self.heads[self.target].scores(batch)

    def _ranker(self) -> Optional[ContrastiveHead]:
        return self.heads['itc'] if self.target == 'itc' else None

    def predict_all(
        self, feats: Dict[str, Tensor],
        data_samples: Sequence[ActionDataSample], num_images: int,
        num_texts: int
    ) -> Tuple[List[ActionDataSample], List[ActionDataSample]]:
        """Rank a gallery, as MMAction2's ``RetrievalValLoop`` asks for.

        Args:
            feats (dict[str, Tensor]): What :meth:`forward` gave in 'tensor'
                mode with the target 'itc', for all batches of this process,
                concatenated.
            data_samples (Sequence[ActionDataSample]): Their samples.
            num_images (int): Videos of the data set.
            num_texts (int): Texts of the data set, text i being of video i.

        Returns:
            tuple[list, list]: Samples of videos against texts, then of texts
            against videos; see :func:`rank_gallery`.

        Raises:
            ValueError: If there are not as many texts as videos, or a pair
                was not encoded.
        """
        if num_images != num_texts:
            raise ValueError(
                f'each video must have one text to be ranked by, but there '
                f'are {num_images} videos and {num_texts} texts; evaluate on '
                f'a split with one caption per video')
        return rank_gallery(feats, data_samples, num_texts)

    def embed_text(self, ids: Tensor) -> Tensor:
        """Embed words, (R, L) int64 -> (R, L, D)."""
        words = self.text_embeddings(ids)
        return words + self.modality_embeddings.weight[TEXT]

    def embed_video(self, frames: Tensor) -> Tensor:
        """Embed patches, (B, 3, T, H, W) -> visual tokens (B, T, N, D)."""
        return self.vit.embed(frames) + self.modality_embeddings.weight[VIDEO]

    def fuse(self, text: Tensor, text_mask: Tensor, video: Tensor) -> Tensor:
        """Let each text and its video attend to each other.

        Args:
            text (Tensor): Embedded text, (R, L, D).
            text_mask (Tensor): 1 = word, 0 = padding, (R, L).
            video (Tensor): Visual tokens, (R, T, N, D).

        Returns:
            Tensor: Mean states over the frames, text first, (R, L + N, D).
        """
        copies = _per_frame(text, video.shape[1])
        return self.vit(copies, text_mask, video).mean(dim=1)

    def encode_text(self, text: Tensor, text_mask: Tensor) -> Tensor:
        """Encode texts by themselves.

        In training a text runs as often as a clip has frames and the mean is
        taken, as in :meth:`fuse`: each copy has its own dropout.

        Args:
            text (Tensor): Embedded text, (R, L, D).
            text_mask (Tensor): 1 = word, 0 = padding, (R, L).

        Returns:
            Tensor: States, (R, L, D).
        """
        copies = self.vit.num_frames if self.training else 1
        return self.vit(_per_frame(text, copies), text_mask).mean(dim=1)

    def encode_video(self, video: Tensor) -> Tensor:
        """Encode videos by themselves, (B, T, N, D) -> mean (B, N, D)."""
        return self.vit(video=video).mean(dim=1)

    def pool(self, states: Tensor) -> Tensor:
        """Summarise joint states by the text's [CLS], (R, *, D) -> (R, D)."""
        return self.pooler(states[:, 0]).tanh()


def _per_frame(text: Tensor, count: int) -> Tensor:
    return text[:, None].expand(-1, count, -1, -1)


def _clips(inputs: Tensor, takes_views: bool) -> Tuple[Tensor, int]:
    """Flatten clips: (B, V, 3, T, H, W) -> (B * V, 3, T, H, W), V."""
    if inputs.dim() == 5:
        inputs = inputs[:, None]
    views = inputs.shape[1]
    if inputs.dim() != 6 or inputs.shape[2] != 3 or not (views == 1
                                                         or takes_views):
        raise ValueError(
            f'inputs must be (B, 1, 3, T, H, W) or (B, 3, T, H, W), but have '
            f'the shape {tuple(inputs.shape)}; use '
            f"FormatShape(input_format='NCTHW'), and one clip per video "
            f'except to evaluate retrieval')
    return inputs.flatten(0, 1), views


def _check_names(heads: Dict[str, Dict]) -> None:
    unknown = [name for name in heads if name not in HEADS]
    if unknown:
        raise ValueError(
            f'heads must be among {list(HEADS)}, but got {unknown}')


def _rank_as_matching(model: AllInOne, state_dict: dict, prefix: str,
                      *args) -> None:
    """Start a ranking head that a checkpoint lacks from its matching head.

    Row 1 of that head scores "own video".
    """
    rank, itm = (f'{prefix}heads.{name}.fc' for name in ('rank', 'itm'))
    if 'rank' not in model.heads or f'{rank}.weight' in state_dict:
        return
    for part in ('weight', 'bias'):
        if f'{itm}.{part}' in state_dict:
            state_dict[f'{rank}.{part}'] = state_dict[f'{itm}.{part}'][1:]
