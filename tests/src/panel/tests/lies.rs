//! The wrong answers of a panel, and who gets them.

use super::*;

#[test]
fn a_condition_selects_requests() {
    let panel = panel(PanelConfig::default());
    let status = |query: &str, headers: &str| get(&panel, query, headers).status;
    panel.on(Action::VodStreams, Behaviour::status(504).when(Condition::Whole));
    assert_eq!(status("action=get_vod_streams", ""), 504);
    assert_eq!(status("action=get_vod_streams&category_id=1", ""), 200);
    panel.on(Action::VodStreams, Behaviour::status(502).when(Condition::Category("7".to_owned())));
    assert_eq!([7, 8].map(|id| status(&format!("action=get_vod_streams&category_id={id}"), "")), [502, 200]);
    panel.behave();
    panel.in_front(Behaviour::players_only(403, &["VLC", "TiviMate"]));
    assert_eq!(status("", "User-Agent: xtream-sync/1\r\n"), 403);
    assert_eq!(status("", "User-Agent: VLC/3.0.20\r\n"), 200);
    panel.on(Action::Account, Behaviour::status(500));
    assert_eq!(status("", "User-Agent: TiviMate/5\r\n"), 500, "the panel itself goes on behind it");
    panel.behave();
    panel.in_front(Behaviour::status(429).when(Condition::Beyond(Allowance::of(2))));
    assert_eq!([(); 4].map(|()| status("action=get_series", "")), [200, 200, 429, 429]);
    panel.in_front(Behaviour::status(429).when(Condition::During(Pause::of(Duration::from_millis(50)))));
    assert_eq!(status("", ""), 429);
    thread::sleep(Duration::from_millis(60));
    assert_eq!(status("", ""), 200, "the pause is over");
    assert_eq!(panel.requests().last().unwrap().status, Some(200));
}

#[test]
fn a_second_request_at_once_is_noticed_and_one_after_the_other_is_not() {
    for framing in [Framing::ContentLength, Framing::Close] {
        let panel = panel(PanelConfig { framing, ..PanelConfig::default() });
        panel.in_front(Behaviour::status(403).when(Condition::Parallel));
        for _ in 0..50 {
            assert_eq!(get(&panel, "action=get_live_categories", "").status, 200, "{framing:?}");
        }
        let gate = Gate::new();
        panel.on(Action::Series, Behaviour::Gate(100, gate.clone()));
        thread::scope(|scope| {
            let first = scope.spawn(|| get(&panel, "action=get_series", "").status);
            tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(gate.reached());
            assert_eq!(get(&panel, "", "").status, 403);
            gate.open();
            assert_eq!(first.join().unwrap(), 200);
        });
        assert_eq!(panel.max_parallel(), 2);
    }
}

#[test]
fn a_kept_connection_can_be_dead() {
    let panel = panel(PanelConfig { requests_per_connection: Some(2), ..PanelConfig::default() });
    let mut stream = connect(&panel);
    let target = format!("/player_api.php?{CREDENTIALS}");
    for _ in 0..2 {
        ask(&mut stream, &target, "");
        assert_eq!(receive(&mut stream).status, 200);
    }
    ask(&mut stream, &target, "");
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(panel.requests().iter().map(|request| request.status).collect::<Vec<_>>(), [Some(200), Some(200), None]);

    let panel = self::panel(PanelConfig { idle_limit: Some(Duration::from_millis(20)), ..PanelConfig::default() });
    let mut stream = connect(&panel);
    ask(&mut stream, &target, "");
    assert_eq!(receive(&mut stream).status, 200);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "closed while idle");
}

#[test]
fn redirects_keep_the_query_and_lies_reach_the_client() {
    let panel = panel(PanelConfig::default());
    let series = || get(&panel, "action=get_series", "");
    panel.on_next(Action::Series, 1, &Behaviour::Forward(301, "http://localhost:1".to_owned()));
    let response = series();
    let location = format!("location: http://localhost:1/player_api.php?{CREDENTIALS}&action=get_series\r\n");
    assert!(response.status == 301 && response.head.contains(&location), "{}", response.head);
    let two = vec![("Content-Length".to_owned(), "5".to_owned())];
    panel.on_next(Action::Series, 1, &Behaviour::FurtherHeaders(two));
    assert_eq!(series().head.matches("content-length: ").count(), 2);
    panel.on_next(Action::Series, 1, &Behaviour::without_last_chunk());
    let response = series();
    assert!(!response.whole && response.body == listing(&panel, Kind::Series));
    panel.on_next(Action::Series, 1, &Behaviour::Gzip { announced: false, edit: None });
    let response = series();
    assert!(response.body.starts_with(b"\x1f\x8b") && !response.head.contains("content-encoding"));
    panel.on_next(Action::Series, 1, &Behaviour::Gzip { announced: true, edit: Some(BodyEdit::new(|_| vec![1, 2])) });
    let response = series();
    assert!(response.body == [1, 2] && response.head.contains("content-encoding: gzip"));
    panel.on_next(Action::Series, 1, &Behaviour::KeyedById);
    let keyed = series().json();
    let keyed = keyed.as_object().unwrap();
    let ids = panel.catalogue(|catalogue| catalogue.ids(Kind::Series));
    assert!(keyed.len() == 30 && ids.iter().all(|id| keyed[&id.to_string()].get("series_id").is_none()));
    panel.on(Action::Series, Behaviour::FilterIgnored);
    assert_eq!(get(&panel, "action=get_series&category_id=1", "").json().as_array().unwrap().len(), 30);
    let chunks = Behaviour::ChunkSize("zz".to_owned());
    panel.on_next(Action::LiveStreams, 1, &chunks);
    let mut stream = connect(&panel);
    ask(&mut stream, &format!("/player_api.php?{CREDENTIALS}&action=get_live_streams"), "Connection: close\r\n");
    let mut wire = Vec::new();
    stream.read_to_end(&mut wire).unwrap();
    assert!(wire.windows(6).any(|six| six == b"\r\nzz\r\n"));
}

#[test]
fn a_poured_body_can_be_held_up_and_has_no_end_of_its_own() {
    let panel = panel(PanelConfig::default());
    let pour = Pour::of(|number| (number < 3).then(|| vec![b'0' + u8::try_from(number).unwrap(); 4].into()));
    panel.on_next(Action::Series, 1, &Behaviour::Pour(pour.clone()));
    assert!(get(&panel, "action=get_series", "").body == b"000011112222");
    panel.on_next(Action::Series, 1, &Behaviour::Together(vec![Behaviour::Pour(pour), Behaviour::CutAfter(6)]));
    let response = get(&panel, "action=get_series", "");
    assert!(!response.whole && response.body == b"000011");
    panel.on(Action::Series, Behaviour::endless_list());
    let mut stream = connect(&panel);
    ask(&mut stream, &format!("/player_api.php?{CREDENTIALS}&action=get_series"), "");
    let mut some = vec![0; 3_000_000];
    stream.read_exact(&mut some).unwrap();
    drop(stream);
    while panel.in_flight() > 0 {
        thread::yield_now();
    }
}

#[test]
fn an_encrypted_panel_shows_its_certificate() {
    let panel = panel(PanelConfig::default());
    for certificate in [Certificate::Valid, Certificate::Expired, Certificate::OtherHost, Certificate::SelfSigned] {
        let front = TlsFront::start(&panel, certificate).unwrap();
        let mut stream = TcpStream::connect(front.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut alert = [0; 2];
        stream.read_exact(&mut alert).unwrap();
        assert_eq!(alert, [21, 3], "who doesn't speak TLS gets an alert");
    }
}
