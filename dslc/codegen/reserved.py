"""The names that a page may define or import: a block or model that has one of them gets another in the script."""

from __future__ import annotations

PAGE_NAMES = frozenset(
    """
    BatchNorm2d Batches BinaryConfusion Checkpoint Confusion ConfusionMatrixDisplay
    Counter DataLoader Dataset EarlyStopping F Figure GroupNorm Image ImageOps PICTURES Path Photos Run
    above_thresholds adam_epsilon argparse auc binary_f1 binary_precision binary_recall
    channel_statistics check_ids check_labels compile_model confusion csv encode f1 fail gzip
    is_number json keep_velocity keras layers load_breast_cancer load_data load_diabetes
    load_digits load_iris load_wine main make_callbacks math nn np os parse_args partial
    pick_device positive precision predict re read_array read_idx read_photo read_table recall
    replace_file report scale show smoothed_cross_entropy split sys take tf time
    to_number tokenize torch train_test_split treat_missing variables vocabulary
    zipfile zlib
    A Pictures TRANSFORMS Transforms augment note_augmentation cut_mix cv2 mix mix_up
    packages_distributions random threading version
    Board ModelCheckpoint ReduceLROnPlateau Tracker improves write_table
    KFold LeaveOneOut RepeatedKFold RepeatedStratifiedKFold StratifiedKFold confusion_matrix
    draw_folds forget_folds gammas is_finished logging make_folds make_parts
    no_information_binary no_information_classes no_information_numbers point632plus
    read_data read_predictions save_fold summary t train_and_test
    Averages balanced clip_gradients start_from
    Adadelta Adagrad Adam AdamW Adamax LearningRate Lion Nadam RMSprop SGD
    decay_groups decay_weights learning_rate
    OrderedDict as_trained load_file models
    build_model penalty init_weights draw_confusion draw_predictions nullcontext run
    """.split()
)
