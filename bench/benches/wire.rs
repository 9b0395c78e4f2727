//! The source: the bytes of a listing, from a panel on loopback, to entries.
//!
//! `drained` is the cost of the transport. `recognised` adds the search for the elements and their digests, and
//! `decoded` adds the decoder.
//!
//! In `pure`, the body is in memory: no socket, no task, no channel. The output has the time, and the allocations of
//! all elements together.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use divan::counter::{BytesCount, ItemsCount};
use divan::{AllocProfiler, Bencher};
use futures_util::StreamExt;
use sync_core::source::{Entry, ListingEvent, ListingRequest};
use sync_core::{ContentKind, ContentSource, ListingIndex, Scope};
use sync_tests::{Catalogue, CatalogueConfig, Framing, Kind, Panel, PanelConfig, Shape};
use sync_xtream::{Credentials, PanelAddress, XtreamConfig, XtreamSource};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const MOVIES: usize = 20_000;

fn main() {
    divan::main();
}

fn catalogue() -> Catalogue {
    Catalogue::new(&CatalogueConfig { channels: 0, movies: MOVIES, series: 0, ..CatalogueConfig::default() })
}

/// A panel and a source for it.
struct Scene {
    panel: Panel,
    runtime: Runtime,
    source: XtreamSource,
    bytes: usize,
}

impl Scene {
    fn new() -> Self {
        let catalogue = catalogue();
        let bytes = catalogue.render(Kind::Movies, Shape::Array, None).len();
        let config = PanelConfig { framing: Framing::Close, ..PanelConfig::default() };
        let panel = Panel::start(config, catalogue).expect("a panel starts");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let config = XtreamConfig::new().requests_per_second(f64::INFINITY).system_proxy(false);
        let address = PanelAddress::parse(&panel.base_url()).expect("an address").address;
        let source = XtreamSource::new(address, Credentials::new("demo", "demo-secret"), config);
        Self { panel, runtime: runtime.expect("a runtime starts"), source: source.expect("a source is made"), bytes }
    }

    fn list(&self, known: Option<Arc<ListingIndex>>) -> Vec<Entry> {
        let request = ListingRequest::new(Scope::whole(ContentKind::Movies)).compared_with(known.into());
        self.runtime.block_on(async {
            let mut listing = self.source.listing(request).await.expect("a listing begins");
            let mut entries = Vec::with_capacity(MOVIES);
            while let Some(event) = listing.events.next().await {
                if let ListingEvent::Batch(batch) = event.expect("a listing goes on") {
                    entries.extend(batch);
                }
            }
            assert_eq!(entries.len(), MOVIES);
            entries
        })
    }

    fn index(&self) -> Arc<ListingIndex> {
        let known = self.list(None).into_iter().map(|entry| match entry {
            Entry::Item(listed, Some(digest)) => (listed.item.id(), digest),
            _ => panic!("nothing was known, and this source makes digests"),
        });
        Arc::new(ListingIndex::new(self.source.digest_scheme(), known).expect("no id occurs twice"))
    }

    fn bench(&self, bencher: Bencher, work: impl Fn()) {
        bencher.counter(ItemsCount::new(MOVIES)).counter(BytesCount::new(self.bytes)).bench_local(work);
    }
}

#[divan::bench(sample_count = 10)]
fn drained(bencher: Bencher) {
    let scene = Scene::new();
    let address = scene.panel.address();
    scene.bench(bencher, || {
        let mut stream = TcpStream::connect(address).expect("the panel listens");
        let request = "GET /player_api.php?username=demo&password=demo-secret&action=get_vod_streams HTTP/1.1\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("the panel reads");
        let (mut piece, mut length) = (vec![0; 256 << 10], 0);
        loop {
            match stream.read(&mut piece).expect("the panel answers") {
                0 => break,
                read => length += read,
            }
        }
        assert!(length > scene.bytes, "{length}");
    });
}

#[divan::bench(sample_count = 10)]
fn recognised(bencher: Bencher) {
    let scene = Scene::new();
    let index = scene.index();
    scene.bench(bencher, || {
        let entries = scene.list(Some(Arc::clone(&index)));
        assert!(entries.iter().all(|entry| matches!(entry, Entry::Same(_))));
    });
}

#[divan::bench(sample_count = 10)]
fn decoded(bencher: Bencher) {
    let scene = Scene::new();
    scene.bench(bencher, || drop(scene.list(None)));
}

mod pure {
    use sync_xtream::bench;

    use super::{
        Arc, Bencher, BytesCount, ContentKind, Entry, ItemsCount, Kind, ListingIndex, MOVIES, Shape, catalogue,
    };

    /// About as many bytes as one read of a fast connection gives.
    const PIECE: usize = 400_000;

    fn bench(bencher: Bencher, work: impl Fn(&[u8]) -> usize) {
        let body = catalogue().render(Kind::Movies, Shape::Array, None);
        bencher
            .counter(ItemsCount::new(MOVIES))
            .counter(BytesCount::new(body.len()))
            .bench_local(|| assert_eq!(work(&body), MOVIES));
    }

    fn decode(body: &[u8], known: Option<Arc<ListingIndex>>, is_due: fn(&Entry) -> bool) -> usize {
        let mut count = 0;
        bench::decode(ContentKind::Movies, body, PIECE, known, |entries| {
            count += entries.iter().filter(|entry| is_due(entry)).count();
        });
        count
    }

    #[divan::bench]
    fn split(bencher: Bencher) {
        bench(bencher, |body| bench::split(body, PIECE));
    }

    #[divan::bench]
    fn split_out_of_small_pieces(bencher: Bencher) {
        bench(bencher, |body| bench::split(body, 1400));
    }

    #[divan::bench]
    fn recognise(bencher: Bencher) {
        let index = bench::index(ContentKind::Movies, &catalogue().render(Kind::Movies, Shape::Array, None));
        bench(bencher, |body| decode(body, Some(Arc::clone(&index)), |entry| matches!(entry, Entry::Same(_))));
    }

    #[divan::bench(sample_count = 20)]
    fn decode_new(bencher: Bencher) {
        bench(bencher, |body| decode(body, None, |entry| matches!(entry, Entry::Item(..))));
    }
}
