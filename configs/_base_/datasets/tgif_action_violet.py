# TGIF-QA's repeating actions for VIOLET at full size.
#
# data/tgif/
#   txt_tgif-action.json   annotations, VIOLET's form; the original tables,
#                          {Train,Test}_action_question.csv, work as well
#   img_tgif.pkl           {clip: [5 JPEGs, base64]}
#   tgif_vq.pkl            {clip: (5, 7, 7) codes of the DALL-E dVAE}
#   gifs/*.gif             only for reading frames from the GIFs
_base_ = ['./violet.py']

data_root = 'data/tgif'
# size_txt of the official args_tgif-action.json; cuts the context of long
# questions, never the option. 64 keeps everything.
max_length = 40
# False: spaces around 'Options:' and 'Answer:', the option is never cut, and
# single words are masked. True is the official text and masking.
official = False

# To read the GIFs instead of the extracted frames, replace `read_frames` by
#   read_frames = [
#       dict(type='PyAVInit'),
#       dict(type='CountGIFFrames'),
#       dict(type='SampleFramesEvenly', clip_len=_base_.clip_len),
#       dict(type='PyAVDecode'),
#   ]
# and in `questions` set data_prefix=dict(video='gifs')
read_frames = [
    dict(
        type='DecodeJPEGFrames',
        img_file=f'{data_root}/img_tgif.pkl',
        clip_len=_base_.clip_len),
]
questions = dict(
    type='TGIFChoiceQADataset',
    data_root=data_root,
    ann_file='txt_tgif-action.json',
    data_prefix=None)

load = [
    *read_frames,
    _base_.resize,
    dict(
        type='TokenizeChoices',
        tokenizer=_base_.tokenizer,
        max_length=max_length,
        official_text=official),
]
train_pipeline = [
    *load,
    dict(type='MaskText', official_options=official),
    dict(type='LoadVQCodes', vq_file=f'{data_root}/tgif_vq.pkl'),
    *_base_.pack_train,
]
test_pipeline = [*load, *_base_.pack_test]

# TGIF-QA has no validation set; the official code watches the test set. Here
# a twentieth of the training GIFs validates.
train_dataloader = dict(
    # Per GPU; each question has five texts.
    batch_size=3,
    dataset=dict(
        type='SeededSplit',
        part='train',
        fraction=0.05,
        dataset=dict(**questions, split='train', pipeline=train_pipeline)))
val_dataloader = dict(
    batch_size=3,
    dataset=dict(
        type='SeededSplit',
        part='val',
        fraction=0.05,
        dataset=dict(
            **questions,
            split='train',
            test_mode=True,
            pipeline=test_pipeline)))
test_dataloader = dict(
    batch_size=3,
    dataset=dict(
        **questions, split='test', test_mode=True, pipeline=test_pipeline))

# The metric is that of any closed set of answers.
val_evaluator = dict(type='OpenEndedQAMetric', num_answers=5)
test_evaluator = val_evaluator
