#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! [`Service`] has the use cases, [`SourceFactory`] makes the source of a profile, [`options_of`] the options of a run,
//! [`settings`] has every setting of a profile.

mod account;
mod added;
mod change_set;
mod clock;
mod compare;
mod failover;
mod feed;
mod health;
mod login_test;
mod overlay;
mod paced;
mod reading;
mod run_changes;
mod secrets;
mod service;
pub mod settings;
mod side_by_side;
mod similar;
mod since;
mod source;
mod undo;
pub mod watch;

pub use account::PanelAccount;
pub use added::Added;
pub use change_set::{
    ApplyError, ApplyOutcome, ApplyReport, ApplyRequest, ChangeSetExport, ExportError, ExportRequest, NoHash,
    NotExported, Refusal,
};
pub use clock::SystemClock;
pub use compare::Compared;
pub use feed::{ChangesReader, ChangesRequest, FeedError, NewItem};
pub use health::{Problem, WhatIsWrong, problems};
pub use login_test::{KindTest, LoginState, LoginTest, test_login};
pub use overlay::{
    AnswerError, CategoryNames, CategoryNews, CountedFilter, CountedRewrite, EditError, EditItems, EditNews,
    FilterTrial, IdleRule, ImportProblem, Imported, ItemChange, LeftOut, MoveNews, OverlayExport, OverlayFile,
    OverlayFileReader, OverlayNews, Rewritten, RulesImport, TrialItem, WaitingEdits, WhichItems, idle_rules,
    value_json,
};
pub use paced::Paced;
pub use reading::{
    Asked, ExportReader, ExportedItem, FoundCategory, FoundItem, ItemFilter, ItemsPage, ListRequest, NamedCategory,
    Query, ReadError, SHOWN_CHANGES, SearchRequest, ShownItem,
};
pub use run_changes::{KindChanges, NamedItem, SomeItems};
pub use secrets::{BlankJson, Login};
pub use service::{Service, options_of};
pub use side_by_side::side_by_side;
pub use similar::{similar, similar_kind};
pub use since::{Moment, NoMoment, NoPlace, Since, age};
pub use source::{ServiceError, SourceFactory};
pub use sync_change_set::{Limits, ReadError as ChangeSetError, WriteError};
