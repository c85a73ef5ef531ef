"""What a task's text says of the model that it needs: a classifier, tested on unseen problems."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import spmatrix
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.routing.settings import RoutingSettings

_MOST_TERMS = 5000
_WORD = r"\w+|[^\w\s]"


@dataclass(frozen=True, eq=False)
class Fold:
    """Items to learn from and items to predict, int64 places, and the features of both."""

    train: np.ndarray
    test: np.ndarray
    train_features: spmatrix | np.ndarray
    test_features: spmatrix | np.ndarray


@dataclass(frozen=True)
class TextClassifier:
    """Logistic regression on texts, for labels that are predicted from other problems only."""

    folds: tuple[Fold, ...]

    def predict(self, labels: np.ndarray, n_classes: int) -> np.ndarray:
        """Probability of each class, float64[items, classes], of int64[items] labels.

        Each item's is from problems other than its own. A class that occurs in none of those has
        the probability 0.
        """
        probability = np.zeros((len(labels), n_classes))
        for fold in self.folds:
            known = labels[fold.train]
            one_class = len(np.unique(known)) == 1
            model = DummyClassifier() if one_class else LogisticRegression(max_iter=1000)
            model.fit(fold.train_features, known)
            found = model.predict_proba(fold.test_features)
            probability[np.ix_(fold.test, model.classes_)] = found
        return probability


def text_classifier(
    texts: Sequence[str], group: np.ndarray, settings: RoutingSettings
) -> TextClassifier:
    """The classifier that the settings name, over `texts` and their problems, group int64[items].

    tfidf               words and pairs of words, weighted by rarity: the honest default, which
                        knows nothing but the texts that it was trained on
    sentence_embedding  vectors of a pretrained model

    The items of one problem are in one fold, so that no problem is on both sides; with fewer
    problems than `settings.folds` each is a fold. Raises AtlasError for a single problem, and when
    the package or the model for embeddings is absent.
    """
    n_groups = len(np.unique(group))
    if n_groups < 2:
        raise AtlasError("routing: all items belong to one problem, none is left to test on")
    embedded = settings.classifier == "sentence_embedding"
    vectors = _embedded(texts, settings.embedding) if embedded else None
    words = np.array(texts, dtype=object)
    folds = []
    for train, test in GroupKFold(min(settings.folds, n_groups)).split(words, groups=group):
        if vectors is not None:
            features = vectors[train], vectors[test]
        else:
            weigh = TfidfVectorizer(
                ngram_range=(1, 2), sublinear_tf=True, max_features=_MOST_TERMS, token_pattern=_WORD
            )
            features = weigh.fit_transform(words[train]), weigh.transform(words[test])
        folds.append(Fold(train, test, *features))
    return TextClassifier(tuple(folds))


def _embedded(texts: Sequence[str], name: str) -> np.ndarray:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise AtlasError(
            "configuration: companions.routing.classifier is sentence_embedding, which needs the "
            f"package sentence-transformers ({error}); install it, or use tfidf"
        ) from error
    location, _, commit = name.partition("@")
    try:
        model = SentenceTransformer(location, revision=commit or None, device="cpu")
    except Exception as error:
        raise AtlasError(
            f"configuration: companions.routing.embedding is {name!r}, which cannot be loaded "
            f"({error}); give a folder, or ID@COMMIT of the Hub"
        ) from error
    return np.asarray(model.encode(list(texts)), dtype="float64")
