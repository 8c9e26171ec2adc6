# The recipe of the published numbers of VIOLET + MELTR: each config in
# configs/official puts it over the one of the same name. What no switch brings
# back is in docs/differences.md.
official = dict(
    model=dict(
        # Blacked-out frames for every loss, in training only.
        model=dict(masked_frames_for_target=True),
        # Half of all such starts push the target's loss up at first.
        meltr=dict(start='random', normalise=False)),
    train_inputs=dict(official_rng=True),
    optim_wrapper=dict(inverse_hessian=None, gamma=0.1, interval=3),
    # The test set is watched after each epoch, and nothing is chosen by it.
    val_set='${test_set}',
    default_hooks=dict(
        checkpoint=dict(save_best=None, rule=None, max_keep_ckpts=-1)))
