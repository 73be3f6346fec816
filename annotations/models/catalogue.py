"""A catalogue: the items and viewers that belong together, and where they came from."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Catalogue(models.Model):
    """Items, viewers and ratings of one data set. Ratings live in a Parquet artifact."""

    class Domain(models.TextChoices):
        MOVIES = "movies", "Movies"
        PRODUCTS = "products", "Products"

    name = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    domain = models.CharField(max_length=16, choices=Domain.choices)
    source_format = models.CharField(max_length=32)
    licence = models.TextField(blank=True)
    rating_min = models.FloatField(default=0.5)
    rating_max = models.FloatField(default=5.0)
    ratings = models.ForeignKey(
        "Artifact", null=True, blank=True, on_delete=models.PROTECT, related_name="rated_catalogues"
    )
    rating_count = models.PositiveBigIntegerField(default=0)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(domain__in=["movies", "products"]), name="catalogue_domain_known"
            ),
            models.CheckConstraint(
                condition=Q(rating_min__lt=F("rating_max")), name="catalogue_rating_range_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Split(models.TextChoices):
    """What a viewer–item pair may be used for. Source: METHOD 1."""

    TRAIN = "train", "Training"
    COLLECT = "collect", "Collecting labels"
    TEST = "test", "Locked test"


class Pair(models.Model):
    """A viewer–item pair that endorsements are written for, in exactly one split."""

    catalogue = models.ForeignKey(Catalogue, on_delete=models.CASCADE, related_name="pairs")
    viewer = models.ForeignKey("Viewer", on_delete=models.CASCADE, related_name="pairs")
    item = models.ForeignKey("Item", on_delete=models.CASCADE, related_name="pairs")
    split = models.CharField(max_length=8, choices=Split.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["viewer", "item"], name="pair_in_one_split"),
            models.CheckConstraint(condition=Q(split__in=Split.values), name="pair_split_known"),
        ]
        indexes = [models.Index(fields=["catalogue", "split"])]

    def __str__(self) -> str:
        return f"{self.viewer_id}–{self.item_id} ({self.split})"
