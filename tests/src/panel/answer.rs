//! Makes the answer to a request, from its account, its target, and the behaviour of the panel.

use std::collections::HashMap;

use bytes::Bytes;

use super::account::{Account, account_object, refusal};
use super::behaviour::{Action, Behaviour};
use super::encoding::Encoding;
use super::plan::Plan;
use super::request::Request;
use super::{Shared, control, lock};
use crate::item::Kind;
use crate::render::{Shape, View};

/// The listings as they were last rendered, each with its revision.
#[derive(Debug, Default)]
pub(super) struct BodyCache(HashMap<(Kind, Option<Encoding>), (u64, Bytes)>);

/// The target of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Api(Action),
    Control,
    Nothing,
}

pub(super) fn target(shared: &Shared, request: &Request) -> Target {
    let path = request.path.as_str();
    let below =
        Some(shared.config.sub_path.as_str()).filter(|sub| !sub.is_empty()).and_then(|sub| path.strip_prefix(sub));
    if path == "/player_api.php" || below == Some("/player_api.php") {
        Target::Api(Action::named(request.param("action")))
    } else if shared.config.control && path.starts_with("/control/") {
        Target::Control
    } else {
        Target::Nothing
    }
}

/// Returns the answer. The call blocks, because a large listing takes time.
pub(super) fn answer(shared: &Shared, request: &Request, target: Target, behaviour: &Behaviour) -> Plan {
    let framing = shared.config.framing;
    let mut plan = match target {
        Target::Api(_) if !matches!(request.method.as_str(), "GET" | "POST") => Plan::new(Bytes::new(), framing),
        Target::Api(action) => content(shared, request, action, behaviour),
        Target::Control => control::answer(shared, request),
        Target::Nothing => {
            let mut plan = Plan::new(&b"<html><head><title>404 Not Found</title></head></html>\r\n"[..], framing);
            plan.status = 404;
            plan.header("Content-Type", "text/html");
            plan
        }
    };
    if shared.config.date_header {
        plan.header("Date", &super::account::http_date(lock(&shared.clock).now()));
    }
    plan.apply(behaviour, &request.target);
    if let Some(encoding) = plan.encoding {
        plan.header("Content-Encoding", encoding.token());
    }
    plan
}

fn content(shared: &Shared, request: &Request, action: Action, behaviour: &Behaviour) -> Plan {
    let framing = shared.config.framing;
    let known = |account: &&Account| {
        account.username == request.param("username") && account.password == request.param("password")
    };
    let account = lock(&shared.accounts).iter().find(known).cloned();
    let mut form = Form { shape: Shape::Array, account: false, refused: false, whole: false };
    form.look_at(behaviour);
    let Some(account) = account.filter(|_| !form.refused) else {
        return Plan::new(refusal().to_bytes(true), framing);
    };
    let (kind, categories) = match action {
        _ if form.account => (None, false),
        Action::Account | Action::Unknown => (None, false),
        Action::LiveCategories => (Some(Kind::Channels), true),
        Action::VodCategories => (Some(Kind::Movies), true),
        Action::SeriesCategories => (Some(Kind::Series), true),
        Action::LiveStreams => (Some(Kind::Channels), false),
        Action::VodStreams => (Some(Kind::Movies), false),
        Action::Series => (Some(Kind::Series), false),
    };
    let Some(kind) = kind else {
        let now = lock(&shared.clock).now();
        let port = request.header("host").and_then(|host| host.rsplit(':').next()?.parse().ok()).unwrap_or(80);
        return Plan::new(account_object(shared, &account, now, port).to_bytes(true), framing);
    };
    let encoding = request
        .header("accept-encoding")
        .and_then(|accepted| Encoding::negotiated(&shared.config.encodings, accepted))
        .filter(|_| !Plan::concerns_content(behaviour));
    // An empty value, zero and a star stand for all categories, as at usual panels.
    let category = Some(request.param("category_id"))
        .filter(|category| !matches!(*category, "" | "0" | "*") && !categories && !form.whole);
    let (revision, body) = if categories {
        let catalogue = lock(&shared.catalogue);
        (catalogue.revision(kind), encoded(catalogue.render_categories(kind, form.shape), encoding))
    } else if category.is_some() || form.shape != Shape::Array || slice(shared, request, kind).is_some() {
        let catalogue = lock(&shared.catalogue);
        let view = View { slice: slice(shared, request, kind), order: shared.config.order };
        (catalogue.revision(kind), encoded(catalogue.render_view(kind, form.shape, category, &view), encoding))
    } else {
        whole_listing(shared, kind, encoding)
    };
    let mut plan = Plan::new(body, framing);
    plan.encoding = encoding;
    if shared.config.validators {
        let tag = format!("\"{action:?}-{revision}-{:?}-{}\"", form.shape, category.unwrap_or("all")).to_lowercase();
        if request.header("if-none-match") == Some(tag.as_str()) {
            plan = Plan::new(Bytes::new(), framing);
            plan.status = 304;
        }
        plan.header("ETag", &tag);
    }
    plan
}

/// Returns the part that a request asks for, or `None` if it asks for none or the panel doesn't support parts.
fn slice(shared: &Shared, request: &Request, kind: Kind) -> Option<(usize, usize)> {
    let number = |name| request.param(name).parse::<usize>().ok();
    let most = number("params[items_per_page]").filter(|most| *most > 0)?;
    let offset = number("params[offset]").unwrap_or(0);
    (shared.config.paging && kind != Kind::Series).then_some((offset, most))
}

/// The form of the content that the behaviours ask for.
struct Form {
    shape: Shape,
    account: bool,
    refused: bool,
    /// Whether all categories are sent, whichever was asked for.
    whole: bool,
}

impl Form {
    fn look_at(&mut self, behaviour: &Behaviour) {
        match behaviour {
            Behaviour::Half => self.shape = Shape::Half,
            Behaviour::Empty => self.shape = Shape::Empty,
            Behaviour::KeyedObject => self.shape = Shape::Keyed,
            Behaviour::KeyedById => self.shape = Shape::KeyedById,
            Behaviour::FilterIgnored => self.whole = true,
            Behaviour::AccountInstead => self.account = true,
            Behaviour::Refused => self.refused = true,
            Behaviour::Together(several) => several.iter().for_each(|one| self.look_at(one)),
            _ => {}
        }
    }
}

fn encoded(body: Vec<u8>, encoding: Option<Encoding>) -> Bytes {
    match encoding {
        Some(encoding) => encoding.encode(&body),
        None => body.into(),
    }
}

fn whole_listing(shared: &Shared, kind: Kind, encoding: Option<Encoding>) -> (u64, Bytes) {
    let mut bodies = lock(&shared.bodies);
    let catalogue = lock(&shared.catalogue);
    let revision = catalogue.revision(kind);
    let cached = |bodies: &BodyCache, encoding| {
        bodies.0.get(&(kind, encoding)).filter(|(own, _)| *own == revision).map(|(_, body)| body.clone())
    };
    if let Some(body) = cached(&bodies, encoding) {
        return (revision, body);
    }
    let plain = cached(&bodies, None).unwrap_or_else(|| {
        let view = View { slice: None, order: shared.config.order };
        catalogue.render_view(kind, Shape::Array, None, &view).into()
    });
    bodies.0.insert((kind, None), (revision, plain.clone()));
    let body = encoding.map_or_else(|| plain.clone(), |encoding| encoding.encode(&plain));
    bodies.0.insert((kind, encoding), (revision, body.clone()));
    (revision, body)
}
