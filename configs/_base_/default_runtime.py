# What every run shares: registration, hooks, logging, checkpoints.
default_scope = 'mmaction'
custom_imports = dict(imports=['meltr_mm'], allow_failed_imports=False)
# Environment and config go to the log file only; 'Runner' prints them, too.
runner_type = 'BriefRunner'

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, ignore_last=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # One file per epoch; `save_best` is set where the metric is known.
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=3),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # A resumed run is the uninterrupted one; one training per work_dir.
    resume=dict(type='ResumeHook'),
    # Weights whose answers are not those of the data are refused.
    answer_vocabulary=dict(type='AnswerVocabularyHook'))
custom_hooks = [
    dict(type='TaskWeightPlotHook'),
    dict(type='MELTRHealthHook'),
    dict(type='ValidateOnResumeHook'),
    dict(type='RunWarningsHook', starts_from='${starts_from}'),
    dict(type='RunLogHook')
]

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))

# MMEngine's own pattern averages every name with `time` in it over past
# validations, and so each metric of sen-time-nt.
log_processor = dict(
    type='TaskLogProcessor',
    window_size=20,
    by_epoch=True,
    mean_pattern='loss|^(data_)?time$|grad_norm|meta_objective')
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='ActionVisualizer', vis_backends='${vis_backends}')

log_level = 'INFO'
load_from = None
resume = False

# Several processes: a loss that a config leaves out, or that has no sample in
# a batch, leaves its head without a gradient.
find_unused_parameters = True
