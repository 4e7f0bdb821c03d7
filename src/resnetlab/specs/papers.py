"""The papers: each named once, cited everywhere by its constant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """One publication.

    Args:
        key: BibTeX key.
        short: how it is cited in running text, "He et al. 2015".
        title: full title.
        authors: all authors as BibTeX wants them, or the first with "and others".
        year: of publication.
        venue: conference, journal or archive number.
        address: where it can be read.
    """

    key: str
    short: str
    title: str
    authors: str
    year: int
    venue: str
    address: str


@dataclass(frozen=True)
class Source:
    """A place in a paper.

    Args:
        paper: the publication.
        where: table, figure, equation or section.
    """

    paper: Paper
    where: str = ""

    def __str__(self) -> str:
        return f"{self.paper.short}, {self.where}" if self.where else self.paper.short


@dataclass(frozen=True)
class Deviation:
    """Where a network departs from its source.

    Args:
        text: in words.
        fields: of the spec that it is about; a network with another value there no longer departs so.
    """

    text: str
    fields: tuple[str, ...]

    def __str__(self) -> str:
        return self.text


def _arxiv(key: str, short: str, title: str, authors: str, year: int, venue: str, number: str) -> Paper:
    return Paper(key, short, title, authors, year, f"{venue}; arXiv:{number}", f"https://arxiv.org/abs/{number}")


HE_2015 = _arxiv(
    "he2015deep",
    "He et al. 2015",
    "Deep Residual Learning for Image Recognition",
    "He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian",
    2015,
    "CVPR 2016",
    "1512.03385",
)
HE_2015_INIT = _arxiv(
    "he2015delving",
    "He et al. 2015b",
    "Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification",
    "He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian",
    2015,
    "ICCV 2015",
    "1502.01852",
)
HE_2016 = _arxiv(
    "he2016identity",
    "He et al. 2016",
    "Identity Mappings in Deep Residual Networks",
    "He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian",
    2016,
    "ECCV 2016",
    "1603.05027",
)
HE_2018 = _arxiv(
    "he2018bag",
    "He et al. 2018",
    "Bag of Tricks for Image Classification with Convolutional Neural Networks",
    "He, Tong and Zhang, Zhi and Zhang, Hang and Zhang, Zhongyue and Xie, Junyuan and Li, Mu",
    2018,
    "CVPR 2019",
    "1812.01187",
)
XIE_2017 = _arxiv(
    "xie2017aggregated",
    "Xie et al. 2017",
    "Aggregated Residual Transformations for Deep Neural Networks",
    "Xie, Saining and Girshick, Ross and Dollár, Piotr and Tu, Zhuowen and He, Kaiming",
    2017,
    "CVPR 2017",
    "1611.05431",
)
ZAGORUYKO_2016 = _arxiv(
    "zagoruyko2016wide",
    "Zagoruyko & Komodakis 2016",
    "Wide Residual Networks",
    "Zagoruyko, Sergey and Komodakis, Nikos",
    2016,
    "BMVC 2016",
    "1605.07146",
)
HU_2018 = _arxiv(
    "hu2018squeeze",
    "Hu et al. 2018",
    "Squeeze-and-Excitation Networks",
    "Hu, Jie and Shen, Li and Albanie, Samuel and Sun, Gang and Wu, Enhua",
    2018,
    "CVPR 2018",
    "1709.01507",
)
HUANG_2016 = _arxiv(
    "huang2016deep",
    "Huang et al. 2016",
    "Deep Networks with Stochastic Depth",
    "Huang, Gao and Sun, Yu and Liu, Zhuang and Sedra, Daniel and Weinberger, Kilian Q.",
    2016,
    "ECCV 2016",
    "1603.09382",
)
HUANG_2017 = _arxiv(
    "huang2017densely",
    "Huang et al. 2017",
    "Densely Connected Convolutional Networks",
    "Huang, Gao and Liu, Zhuang and van der Maaten, Laurens and Weinberger, Kilian Q.",
    2017,
    "CVPR 2017",
    "1608.06993",
)
SIMONYAN_2015 = _arxiv(
    "simonyan2015very",
    "Simonyan & Zisserman 2015",
    "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    "Simonyan, Karen and Zisserman, Andrew",
    2015,
    "ICLR 2015",
    "1409.1556",
)
RADOSAVOVIC_2020 = _arxiv(
    "radosavovic2020designing",
    "Radosavovic et al. 2020",
    "Designing Network Design Spaces",
    "Radosavovic, Ilija and Kosaraju, Raj Prateek and Girshick, Ross and He, Kaiming and Dollár, Piotr",
    2020,
    "CVPR 2020",
    "2003.13678",
)
TAN_2019 = _arxiv(
    "tan2019efficientnet",
    "Tan & Le 2019",
    "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    "Tan, Mingxing and Le, Quoc V.",
    2019,
    "ICML 2019",
    "1905.11946",
)
IOFFE_2015 = _arxiv(
    "ioffe2015batch",
    "Ioffe & Szegedy 2015",
    "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
    "Ioffe, Sergey and Szegedy, Christian",
    2015,
    "ICML 2015",
    "1502.03167",
)
SANTURKAR_2018 = _arxiv(
    "santurkar2018how",
    "Santurkar et al. 2018",
    "How Does Batch Normalization Help Optimization?",
    "Santurkar, Shibani and Tsipras, Dimitris and Ilyas, Andrew and Mądry, Aleksander",
    2018,
    "NeurIPS 2018",
    "1805.11604",
)
LI_2018 = _arxiv(
    "li2018visualizing",
    "Li et al. 2018",
    "Visualizing the Loss Landscape of Neural Nets",
    "Li, Hao and Xu, Zheng and Taylor, Gavin and Studer, Christoph and Goldstein, Tom",
    2018,
    "NeurIPS 2018",
    "1712.09913",
)
BALDUZZI_2017 = _arxiv(
    "balduzzi2017shattered",
    "Balduzzi et al. 2017",
    "The Shattered Gradients Problem: If resnets are the answer, then what is the question?",
    "Balduzzi, David and Frean, Marcus and Leary, Lennox and Lewis, JP and Ma, Kurt Wan-Duo and McWilliams, Brian",
    2017,
    "ICML 2017",
    "1702.08591",
)
VEIT_2016 = _arxiv(
    "veit2016residual",
    "Veit et al. 2016",
    "Residual Networks Behave Like Ensembles of Relatively Shallow Networks",
    "Veit, Andreas and Wilber, Michael and Belongie, Serge",
    2016,
    "NeurIPS 2016",
    "1605.06431",
)
DE_2020 = _arxiv(
    "de2020batch",
    "De & Smith 2020",
    "Batch Normalization Biases Residual Blocks Towards the Identity Function in Deep Networks",
    "De, Soham and Smith, Samuel L.",
    2020,
    "NeurIPS 2020",
    "2002.10444",
)
WIGHTMAN_2021 = _arxiv(
    "wightman2021resnet",
    "Wightman et al. 2021",
    "ResNet strikes back: An improved training procedure in timm",
    "Wightman, Ross and Touvron, Hugo and Jégou, Hervé",
    2021,
    "NeurIPS 2021 workshop ImageNet: Past, Present, and Future",
    "2110.00476",
)
JORDAN_2024 = _arxiv(
    "jordan2024cifar",
    "Jordan 2024",
    "94% on CIFAR-10 in 3.29 Seconds on a Single GPU",
    "Jordan, Keller",
    2024,
    "arXiv",
    "2404.00498",
)
