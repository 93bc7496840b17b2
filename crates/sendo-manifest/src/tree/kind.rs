//! What a node is and how it is written.
//!
//! Owns the ten kinds of nodes and their translation from the parser's styles.

use granit_parser::{ScalarStyle, StructureStyle};

/// What a node is and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
    Alias,
    BlockMap,
    FlowMap,
    BlockSeq,
    FlowSeq,
}

impl Kind {
    pub(crate) fn is_map(self) -> bool {
        matches!(self, Self::BlockMap | Self::FlowMap)
    }

    pub(crate) fn is_seq(self) -> bool {
        matches!(self, Self::BlockSeq | Self::FlowSeq)
    }

    pub(crate) fn is_scalar(self) -> bool {
        !self.is_map() && !self.is_seq() && self != Self::Alias
    }

    pub(crate) fn is_flow(self) -> bool {
        matches!(self, Self::FlowMap | Self::FlowSeq)
    }

    /// The word a person reads in an error.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BlockMap | Self::FlowMap => "mapping",
            Self::BlockSeq | Self::FlowSeq => "list",
            Self::Alias => "alias",
            _ => "single value",
        }
    }
}

pub(crate) fn scalar_kind(style: ScalarStyle) -> Kind {
    match style {
        ScalarStyle::Plain => Kind::Plain,
        ScalarStyle::SingleQuoted => Kind::Single,
        ScalarStyle::DoubleQuoted => Kind::Double,
        ScalarStyle::Literal => Kind::Literal,
        ScalarStyle::Folded => Kind::Folded,
    }
}

pub(crate) fn map_kind(style: StructureStyle) -> Kind {
    match style {
        StructureStyle::Block => Kind::BlockMap,
        StructureStyle::Flow => Kind::FlowMap,
    }
}

pub(crate) fn seq_kind(style: StructureStyle) -> Kind {
    match style {
        StructureStyle::Block => Kind::BlockSeq,
        StructureStyle::Flow => Kind::FlowSeq,
    }
}
