"""What reviews find again and again, and the words by which a text tells it. Hooks read this: no imports.

A line that is not indented begins a topic. Behind its name stand the ways to tell it, between semicolons. A way is told
where all of its words stand near each other in one sentence; `/` parts words of which any will do. A word stands for
all that begin with it; one of up to four letters for itself and its endings, `=word` for itself alone. `^` stands for
"no", "missing", "without" and their like, `~` for these and for "not", "never" and theirs, `!word` for a word that must
not stand near.
"""

from __future__ import annotations

ABSENT = frozenset(
    "no none missing misses miss lack lacks lacking without absent absence omits omitted forgot forgotten undefined"
    " kein keine keinen keiner ohne fehlt fehlen fehlende fehlender fehlendes"
    " sans aucun aucune manque manquant manquante absente sin falta faltan ningun ninguna".split()
)
NEGATIONS = ABSENT | frozenset(
    "not never isn aren doesn don didn wasn hasn haven unless neither nor non nicht pas".split()
)

TOPICS = """
sql injection: sql inject; inject quer/where/clause; quer/sql/where/statement/clause
  interpolat/concat/fstring/glue/unescap/unsanit/splice/paste; unescap/unsanit/untrust/raw sql/quer/where/input;
  bind/bound/parameteri/placeholder parameter/quer/sql/value/statement; prepared statement; inyeccion sql; sql
  injektion
cross-site scripting: xss; cross site script; innerhtml; dangerouslysetinnerhtml; unescap/unsanit/sanit
  html/markup/comment/dom/template; textcontent; script inject html/page; =html safe mark; dompurify
path traversal: travers path/director/file/zip; etc passwd; dotdotslash; safe_join; zip slip; join/path filename
  unchecked/parent; arbitrary file read/overwrit
command injection: command/shell/argument inject; shell true; os system; subprocess shell/string; shell metacharacter;
  shell interpolat/concat/unescap/unquot
request forgery by the server: ssrf; server side request forger; fetch/request/url
  internal/metadata/169/arbitrar/attacker url/host/address; allowlist host/url
open redirect: redirect open/unvalid/arbitrar/untrust/external/attacker/any/foreign; next redirect parameter
cross-site request forgery: csrf; xsrf; cross site request forger
external entities: xxe; external entit; defusedxml
unsafe deserialisation: deseriali/unpickl/pickle untrust/unsafe/arbitrar/remote/code/user; =pickle; yaml load
  safe/unsafe/arbitrar; safe_load; objectinputstream
evaluated input: eval user/untrust/arbitrar/input/execut; =eval; literal_eval
committed secret: secret/passw/password/key/token/credential/contrasena
  hardcod/commit/literal/plaintext/git/embed/vault/source; secret/key/password/token/credential check into/git;
  secret/password/key/credential plain text; contrasena texto; password version control; passwort klartext; rotate
  vault/secret/key; secret rotate
missing authorisation: authoris/authoriz/permission/ownership/access/role/tenant ~/any check/verif/enforc/user; idor;
  object level; any user read/edit/delete/change/access/profile/other; ownership check; berechtigungsprufung;
  berechtigung fehl; other users data/record/account/tenant
missing authentication: unauthenticat; authenticat ~/anonym/public endpoint/route/request/required; without
  login/logging; login required ~; anonymous access/call/user
unsigned webhook: webhook sign/unsign/hmac/verif/trust/forge; hmac signature/webhook
token signature: jwt/token algorithm/signature/alg none/verif/restrict; alg none
endless token: token/session/jwt/link/cookie/credential ~/never =expire/=expires/=expiry/=expiration/ttl/lifetime;
  never =expire/=expires; exp claim; token forever valid
weak password hash: =md5; =sha1; password hash weak/fast/unsalt/plain; unsalted; bcrypt/argon/argon2/scrypt/argon2id
weak randomness: random predict/insecure/guess/cryptograph/secure; math.random; csprng; securerandom; token
  guess/predict; secrets token_urlsafe; token_urlsafe; randomuuid
weak cipher: =ecb; =des cipher/encrypt; =rc4; nonce/iv reuse/static/fixed/constant; initialisation/initialization
  vector
timing attack: timing attack/leak/safe/unsafe/side/constant; constant time; compare_digest; timingsafeequal
unverified certificates: verif/check/valid certificate/tls/ssl disab/off/skip/false/~; insecureskipverify;
  rejectunauthorized; verify false; self signed accept
unencrypted traffic: =http plain/unencrypt/cleartext/clear/instead https; https ~/redirect/enforc; plaintext
  traffic/connection/network; tls ~ ingress/connection/configured; old/weak/outdated tls; =tlsv1; tls minimum/version
unencrypted at rest: encrypt rest/disk/volume/bucket ~/unencrypt; unencrypted bucket/volume/disk/database/backup;
  storage_encrypted; kms
cross-origin sharing: cors any/wildcard/star/open/permissive/reflect/all/allow/credential !block !strict; access
  control allow origin; origin wildcard/any/reflect/star/arbitrar
cookie flags: cookie httponly/secure/samesite/flag; httponly; samesite
security headers: content security policy; csp header; hsts; security header; x frame options; clickjack; frame
  ancestors
rate limit: rate limit/limited/limiting/limiter !strict !low !high !tight !aggressive; throttl
  login/request/attempt/endpoint/password !strict; brute force; ratelimit
user enumeration: enumerat user/account/email; account/user exist reveal/reset/leak
sensitive logs: log password/token/secret/personal/pii/sensitiv/credential/card/header/ssn/iban/patient/plain !id;
  redact; mask log/card/secret; personal data log
leaked internals: stack trace/traceback leak/expos/return/client/response/user; stacktrace; exception
  text/message/detail client/response/user/leak; internal error detail
debug mode: debug mode/true/enabled/on production; =debug production; werkzeug debug
mass assignment: mass assign; overpost; permit explicit; whitelist/allowlist attribute/field; assign is_admin/role
  body
public storage: bucket/acl/blob/container public/world/open/allusers; public read; publicly readable/accessible;
  public access block
open network: anyaddress; security group open/world/internet; port open/expos internet/world/public; open world
  ssh/port/internet; bind all interface/loopback/localhost; database/redis/port public/internet reachable/expos
broad rights: iam/policy/permission/role/token wildcard/broad/star/least/scope; least privilege; =admin
  role/rights/policy grant/wide; overly permissive; cluster admin; permissions write all; contents write
unpinned version: ~ pinned; unpinned; latest/float/floating/mutable tag/image/base/version/action/upgrade; pin
  digest/sha/commit/hash/lockfile !loosen !prevent !block; pin version/dependenc/action/image to/should/add !loosen
  !prevent !block !relax !exact; reproducib version/build/tag/image; commit =sha/hash; full commit; dependencies exact
  pin/version !loosen !prevent !relax !block
pinned too tightly: pin/exact/strict prevent/block/loosen/relax/range/security/update; loosen/relax
  version/dependenc/pin; lockern abhangigkeit/version
missing lock file: lockfile ~/commit; lock file ~/commit; npm ci install lock
root container: root container/user/run/process/image; =user directive/instruction; usernonroot; runasnonroot; runs as
  root; privileged container/pod/mode
regex backtracking: redos; regex/pattern/expression backtrack/catastroph/exponential/evil; re2
regex compiled: regex/pattern compil call/each/every/loop/time/repeated/again
known vulnerability: =cve; vulnerab version/dependenc/librar/package; outdated dependenc/version/package/librar; end
  of life; =eol; known vulnerab/cve
unused dependency: dependenc/package/librar unused/twice/both/duplicate/already/nothing uses; moment drop/remov
upload checks: upload type/extension/magic/mime/content check/valid/~; upload svg/html/executable
upload size: upload/body/file/request/dateigrosse size/limit/unbound/gigabyte/begrenzt ~/max/unlimit/dos/unbound;
  maxbytesreader; decompress/zip bomb; body limit
sessions kept: session fixation; session regenerat/rotat/invalidat login/logout/password; logout
  invalidat/revok/server
queries in a loop: nplusone; quer/select/fetch/lookup/round/load/database/sql/requete
  per/each/every/loop/iteration/once/inside/boucle
  row/item/loop/iteration/post/user/order/once/per/time/record/element/line/database/batch/executed; quer loop;
  prefetch_related; select_related; eager load; quer per; batch lookup/quer/load; hoist loop; outside/out loop; boucle
  requete; executee boucle
missing index: index ^ !react !key !drop !remove !redundant !unused !test; sequential/full scan; full table; manque
  index; index add/create/needed/slow !drop; createindex !concurrently; should indexed; ~ indexed; unindexed
index lock: index concurrently; createindex concurrently; index lock/block; table lock; lock table/writes
  alter/migrat/build; access exclusive; blocks writes; writes blocked
useless index: index redundant/unused/duplicat/drop/useless/superfluous/covered
wildcard search: leading wildcard; trigram; like wildcard/index/prefix
no pagination: paginat; unbounded result/list/quer; return everything/all !error; all rows/records
  returned/response/load; limit cursor/offset/quer; result set; list all/endpoint unbounded/limit/everything;
  find_each; all each
everything in memory: read/load/buffer/slurp/hold whole/entire/full/complete/all memory/ram/file/body/once; memory
  spike/whole/entire; readall; stream chunk/disk/memory/file/instead/rows; out of memory file/load/large; iterparse;
  readlines
missing cache: cached ~; cache ^/should/recompute !bound/limit/evict/metric/invalid/expir/key/stale/ttl/ci/dependenc;
  uncached; not cached
stale cache: cache stale/invalidat/outdated/old/expir/update; cached invalidat/stale; invalidate write/update; stale
  data/price/value
endless cache: cache bound/grow/evict/lru/cap/unbound/forever/limit/memory/size/ttl; =lru; maxsize; grows
  without/unbounded/forever/indefinit
cache stampede: stampede; thundering; dogpile; herd
cache key: cache key omit/tenant/collision/collid/include/user/locale; another user/tenant cache
listener leak: listener/subscription/subscriber/interval/timer/observer/handler
  remov/unsubscrib/clean/clear/leak/teardown/unmount/destroy/accumulat/never; unsubscrib; removeeventlistener;
  clearinterval; takeuntildestroyed; cleanup effect/function/unmount
unclosed resource: file/connection/handle/stream/cursor/socket/response/body/descriptor/reader/writer/client/statement
  leak/close/closed/clos/release/unclos/open ~/leak/never/exhaust/forgot/exception; descriptor leak/exhaust/run; defer
  close; context manager; try with resources; unclosed; leak handle/connection/descriptor/file
leaked worker: goroutine/coroutine leak/exit/forever/never/block/stop; executor shut/never; thread
  leak/never/stop/join; worker never exit/stop
rendered too often: render/rerender each/every/unnecessar/needless/memo/parent/again/inline; usememo; usecallback;
  memois; memoiz; react.memo
no debounce: debounc; keystroke; throttl scroll/input/resize/event; scroll event/handler each/every/throttl
large bundle: bundle large/size/split/lazy/whole/inflat/full/import; tree shak; code split; react.lazy; lazy load;
  dynamic import
large images: image large/webp/avif/compress/resiz/mb/weight/optimi/responsive/srcset; png mb/large
layout shift: layout shift/jump; width height image/attribute; =cls
blocking call in async: block/synchron/sync/gel/frees/freez async/event/loop/coroutine/asyncio/thread/ui; event loop;
  sync/synchronous call/version/api async; readfilesync; main thread block/freez; asyncclient; run_in_executor;
  bloquant boucle/asyncio/async; requete synchrone; client asynchrone
quadratic time: quadratic; =on2; nested loop; linear search/scan loop/each/list/lookup; membership list/set; list
  lookup set/linear; includes loop/filter/set; accidentally
text put together in a loop: concat loop/string/quadratic; stringbuilder; string join loop/list
work done again: recomput; comput/calculat/evaluat/deriv/queried each/every/again/repeated/iteration/call/render;
  twice decod/comput/calculat/parse/read/sort/queried; loop invariant; hoist; constant result iteration/loop;
  expensive each/every render/call/request/iteration; sort each/every render/time/call
needless copy: clone/copy/copies/allocat needless/unnecessar/requir/every/each/avoid/superfluous/not; borrow instead;
  deep copy; deepcopy; preallocat
busy waiting: busy wait/loop/poll; spin loop; poll tight/loop/interval/cpu
no compression: gzip/brotli; compress response/http/static/enable ~
connections not reused: connection/client/session new/each/per/every call/request/time/invocation; reus
  connection/client/session; keep alive; connection/client new/open/creat every/each/per
one by one writes: insert/write/save one/row/single/individual/each batch/bulk/time/commit; bulk_create; executemany;
  batch insert/write; commit each/every/per row/loop/item
sequential awaits: sequential await/request/call/parallel; one after another; promise.all; concurrently
  fetch/await/request; gather
data race: race; unsynchron; synchron ~/without; ~ lock/mutex/volatile map/write/read/shared/access/update/counter;
  thread safe/unsafe; concurrent map/write/access/modif; atomic ~; nonatomic; lost update/increment; check act; check
  then; toctou; read modify write; parallel both/overwrite/spend; select_for_update;
  atomiclong/longadder/atomicinteger; guard map/read/write mutex/lock; double spend
deadlock: deadlock; lock =order/ordering; =order/ordering lock/acquir; block each other; lock inversion/opposite
lock held too long: lock/mutex/guard/semaphore held/kept/hold !without
  across/await/while/long/network/during/slow/io/call; held across; contention; critical section; serialis
  consumer/request/caller; scope lock
lock not released: lock/mutex/semaphore ~/never/early/path release/unlock; unlock path/defer/error/exception; finally
  release/unlock
lost promise: await ~/forgot/floating/missing; missing await; promise unhandl/rejection/float/ignored/handled;
  unhandled reject; unhandled promise; allsettled; fire forget
swallowed error: catch/except/exception/error/failure/err/fehler/erreur
  empty/swallow/ignor/silent/bare/pass/discard/suppress/unnoticed/hidden/verschluckt/lost; leave trace; empty catch;
  errcheck; unchecked return/error/result; return value ignor/unchecked/discard/checked; bare except; exception
  swallow; silent fail; fail silent; error never/not check/handled/propagat/logged/returned
broad exception: except/catch broad/everything/baseexception/generic/throwable/too; broad except; catch all; catches
  exception everything
panic: unwrap; panic !query/pool; =expect input/result
missing null check: null/nil/none/undefined/optional deref/pointer/guard/crash/handle/unset/access/possib !redundant;
  null/nil/none/undefined check ^/~/add !redundant !unnecessary; nullpointerexception; =npe; attributeerror none;
  typeerror undefined/cannot; may null/none/undefined/nil; optional chain !redundant !unnecessary; nil pointer;
  orelse; segfault; cannot read propert; =null returned/when
off by one: off one; offbyone; boundary; last/first element/item/row/page/entry skip/miss/lost/drop/omit/never/left;
  fencepost; loop ends/stops early/one; exclusive inclusive; one too many/few; range len; upper bound includ/exclus
out of bounds: out range/bound index/array/slice/access; indexerror; arrayindexoutofbounds; index list/array empty;
  empty list/array/slice crash/index/first/raise
division by zero: divi zero/empty; zerodivisionerror; =nan average/divi/empty; denominator
integer overflow: overflow int/integer/32/add/multipl/count/size/wrap/sum; int32; truncat integer/int/long/id/64;
  checked_add; wraps around; integer wrap
floats for money: float/double money/amount/price/total/currency/round/cent/decimal/precision/balance/invoice;
  bigdecimal; =numeric float/amount/money; rounding error/money/decimal; decimal float/money/instead; integer cents;
  cents integer/store
float equality: float equal/compar/tolerance/epsilon; isclose; epsilon
time zones: timezone; time zone; utc !test; naive datetime/timestamp/date; daylight; =dst; utcnow; local time
  utc/server/midnight; timestamptz
wrong unit: millisecond/seconds/minutes/bytes unit/mix/instead/confus/interpreted/treated/passed; unit
  mismatch/wrong/mix
test depends on the clock: test date/clock/now/today/midnight/frozen/time
  depend/current/real/fail/frozen/fake/clock/rel; flaky date/clock/now; fake timer; freezegun; setsystemtime; frozen
  clock
test that sleeps: sleep test/slow/poll/fixed/flaky; fixed delay/wait/sleep test; waitfor; test slow sleep/second
flaky test: flaky; intermitt test/fail; nondeterministic test; test order/shared depend/state/leak; random test seed;
  unseeded; seed random
missing tests: test ^ =for !assert !clean !timeout !teardown !name; test ^/missing/lack !assert !clean !timeout
  !teardown !isol !name !fixture !sleep !mock !migrat !data; untested !migrat; uncovered; ~ tested !migrat; cover
  ~/lack !measure; coverage ^/lack/low !measure; add test !assert !migrat; tests fehlen
migrations untested: migration untested/test/executed/ci/pipeline/run never/none/no/~/untested/pipeline
empty assertion: assert/expect never/always/vacuous/truth/meaningless/weak/nothing/tautolog/without/only/~
  fail/pass/check/verif/true/truth/assert/call/value; vacuous; assertion missing/no/without; test asserts nothing;
  test without assert; always passes; can never fail; meaningless assertion; tautolog
skipped test: skip test/suite/left; leftover skip; test.skip; it.skip; describe.skip; disabled test; xfail; it.only;
  focused test; describe.only; test.only; commented out test
test meets the world: test/tests real/live/network/internet/external/production/prod
  server/api/service/http/hit/call/url/database/ldap; hits real/network/live; network test/access
over-mocked: mock/patch subject/itself/under/everything/implementation/internal; overmock; patching subject
shared test state: test shared/share/leak/clean/isol/global/between/reset
  state/fixture/between/each/database/singleton/test; between tests; test isolation; cleaned up between; rolled back
  test
snapshot tests: snapshot large/coarse/test/huge/noise/whole
missing documentation: undocument; docstring ^ !match; documentation ^ !match; document ~ !match !out !stale !old;
  docs ^; env.example; crate level; readme ^/explain !old; comment explain why/missing !remove !redundant; doc/javadoc
  ^; example missing; ~ mentioned docs/readme/documentation
outdated documentation:
  doc/docs/documentation/readme/comment/docstring/example/beispiel/exemple/table/command/instruction/guide
  outdated/stale/obsolet/match/differ/wrong/contradict/renamed/old/veraltet/longer/incorrect/but/supprime/removed/still/refers/mention/disagree/implement;
  documented but/code/actual/default match/code/uses/says; veraltet; comment contradict/disagree/lies/wrong; renamed
  package/command; no longer exist/works/valid/available; docstring says/claims/promises
dead link: link dead/broken/404/deleted/moved/nowhere/gone; broken link; dead link; =404 link/page/doc/wiki; returns
  404 link
typo: typo; misspell; spelling; misspelt; typographical
magic number: magic number/constant/value; unexplained/unnamed/bare constant/number/literal; named constant; number
  literal constant/explain/meaning; const named
misleading name: name
  mislead/unclear/vague/confus/meaning/cryptic/nondescript/say/suggest/describe/misnomer/generic/single/letter;
  misleading; misnamed; =rename clear/descriptive/function/variable/method; naming unclear/poor/confus; one
  letter/single letter name/variable; misnomer
inconsistent names: inconsistent nam/case/camel/snake/convention/style; naming inconsistent/convention/mix; snake_case
  camelcase; mix camel/snake/case; convention name/naming violat
too long: function/method/class/component/module/handler long/lines/overlong/huge/big/split/god/hundred !name !run
  !time !memory !argument !parameter; overlong; split smaller/function/method/several; cyclomatic; god class/object;
  too much responsib; single responsib; does too much; nesting/nested deep/level; five level; deeply nested
too many parameters: parameter/argument many/nine/eight/seven/ten/long/object/boolean; parameter object; too many
  param/argument; boolean flag/trap/parameter; boolean argument/parameter
duplicated code: duplicat code/logic/function/block/implement/valid/helper/exist/copy/copies; copy paste; copypast;
  pasted; same code/logic/block/helper/function twice/again/two/already/place/exist/also; =dry; code clone; repeated
  code/logic/block; identical function/block/code/copy/logic/method; extract common/shared/helper; reimplement
dead code: dead code; unreachable; unused import/variable/function/method/parameter/class/code/export/argument; never
  used/called/reached/referenced/imported; nothing uses/calls/imports/reads; no caller; import unused/left/line;
  longer used/uses; left behind; no longer used; no references
commented-out code: commented out; commented code; comment code disabled/old
leftover debugging: print/console.log/debugger/println/dbg leftover/left/debug/statement/remov; =debugger;
  console.log; leftover debug/print; print debug/logger/logging/instead
old todo: todo; fixme
global state: global state/variable/singleton/mutable/module/clock/coupl; singleton; module level
  state/mutable/dict/variable; hard wired; hidden dependenc; inject clock/dependenc/callable; cannot injected; tight
  coupl; coupled
mutable default: mutable default; default argument list/dict/mutable/shared; shared between calls; default
  mutable/list/dict shared/argument; bugbear
circular import: circular; cyclic import/dependenc; import cycle; cycle import/module
loose types: =any type/typescript/typed; type hint/annotation ~/missing/lack; untyped; as any; missing type; type
  annotation; type check loose/strict/off/disabled; ts ignore; type ignore
loose equality: loose equal/compar; triple equals; strict equality; is compar string/literal/equals; =eqeqeq
hard-coded setting: hardcod url/host/path/port/address/region/value/setting/email/endpoint/environment/limit/name;
  literal url/host/path/port; localhost hardcod; configurable ~/make; move config/setting/environment !secret
unvalidated input: validat/unvalid/sanit/check/verif
  body/input/request/payload/parameter/schema/field/range/query/negative ~/unchecked/never/missing/add/unvalid/zod;
  unvalidated; ~ validation; validation missing; negative amount/quantity/value/number; accepts negative/any/arbitrary
  amount/quantity/value; zod; pydantic model/valid
no retry: retry/retri ^/add/disab/once/transient !document !doc !jitter !match !idempot !doesn !don !limit !forever
  !endless !unlimit !backoff; transient fail/error/network; gives up first/after/immediate; single attempt; retries
  disabled
bad backoff: jitter; backoff exponent/missing/fixed/without/~; retries immediate/tight/endless/forever/unlimit/hammer;
  retry endless/forever/infinite/immediate/unlimit; infinite retr; retry storm
no timeout: timeout ^/unlimited/indefinit !error !reported !test !log; timeout ~
  set/pass/given/specif/default/configured; set/pass timeout !too; hang forever/indefinit/worker; hung; block
  indefinit; waits indefinit; deadline ^; no deadline
not idempotent: idempot; twice charge/sent/process/deliver/book/bill; charged twice; duplicate
  order/charge/payment/message/deliver/invoice/event/booking; redeliver; deduplicat; processed twice; double
  charge/book/submit; exactly once
no transaction: transaction ^/wrap !long !log; ~ transaction within/in/inside/single; atomic ~/two/partial/both
  !increment; atomicity; partial write/update/state/commit; two independent/separate statement/writes/update; half
  written/finished/applied; crash between; rolled back ~ !test; begintx; inconsistent state crash/fail/half
missing foreign key: foreign key; orphan; referential; fremdschlussel; dangling row/reference/record
missing unique constraint: unique constraint/index ~/missing/add; uniqueness; duplicate rows/email/entries/user
  allowed/possible/insert/database/constraint; two users/accounts same email
missing default in migration: not null default; null default/existing/vorgabewert column/rows/migrat/tabelle/null;
  vorgabewert; existing rows fail/default/null; bestehende datensatze; populated table; default setzen/existiert;
  backfill
irreversible migration: downgrade; rollback migrat/revision/lose/destroy/impossib/cannot/reversib; reversib;
  irreversib; down migration; reverse migrat/operation
destructive migration: drops/drop column/table data/lose/lost/backup/still; data loss migrat/column; column
  dropped/removed still
column too small: varchar; column/field short/small/truncat length/name/text; truncat name/text/value/column/length
lost data: silent/silently drop/lose/lost/discard/skip/overwrit rows/record/data/message/line/entr/events; rows
  dropped/lost/discarded; dropna; coerce; records lost/skipped/dropped; data lost/loss !migrat; messages lost/dropped;
  acknowledg before; ack before
encoding: encoding ~/utf/default/platform/wrong/error/ignore/explicit/specif; utf8; charset; mojibake; umlaut; unicode
  decode/error/normal; unicodedecodeerror; utf 8; locale encoding
no health check: health check/endpoint/probe ^/add/expose/implement; healthz ^/add/expose; readiness/liveness/probe
  ^/add/implement; healthcheck ^/add
no resource limits: limit memory/cpu/resource/container/pod ^/set/setting/consider !low !high !too; resources requests
  ^/set; oomkill; evict neighbours/pods; resource quota ^
no graceful shutdown: graceful; sigterm; in flight; drain request/connection/shutdown; shutdown abrupt/signal;
  terminated mid/request; signal handling
single instance: single replica/instance/point/node; one replica; replicas 1; replicat einzig; ausfallsicherheit;
  single point; high availab; availability zone; multi az; failover
missing logs: =log/logging ^/nothing/add !print !token !password !secret !personal !test !rotat; ~ logged !token
  !password !secret !rotat; request/correlation/trace =id ^; correlation =id; unlogged; traceab; consider log
  rows/record/drop
missing metrics: metric ^/export; ~ observed/instrument; instrument ^; monitor ^; dashboards
missing alerts: alert ^/nobody/rule/notice !role !aria; alerting ^/add; nobody notice/paged/notified; page oncall
audit trail: audit trail/log/who; who changed/did; access_logs; access log ^/disabled; audit log/trail
noisy logs: log noisy/every/each/flood/spam/loop/hot/verbose/level/volume; log level; logs flood; debug log
  production/hot
log rotation: log rotat/grow/disk/fill; logrotate; disk full/fill
missing backups: backup ^/disab/retention/0/never/off !alert; backup_retention_period; restore never/untested; point
  in time; deletion protection; deletion_protection; skip_final_snapshot
local state: tfstate; state local/lock/remote/laptop/backend; remote backend; backend remote/block
falls back to production: fall/default/fallback prod/production
tests do not gate: true exit/pipe/fail/test/swallow; exit status/code
  discard/ignored/0/zero/wrong/despite/although/non/fail/success; pipeline green/pass; continue on error;
  allow_failure; needs test/missing/~; deploy without test/waiting; ci test ~/never/run/skip/only/gate; pipefail; set
  euo; set =e script; errors ignored script; green fail/test/despite
build cache: layer cache/invalid/order; copy before/preced install/npm/pip/ci; dependencies reinstall; ci cache/slow
  dependenc/install; dependencies cached ci; cache busted; npm ci copy; reinstalled
large container image: image large/size/multi/slim/gigabyte/gb/compiler/alpine
  docker/stage/build/final/base/container; multi stage; multistage; apt lists; build tools final/image; dockerignore;
  build context
wrong status code: status code/http wrong/200/404/500/400/expect/correct/instead; =404 =200; =500
  return/instead/client/expect/4xx/400; =200 error/empty/fail/body/missing/unknown; 201 create; 404
  not/found/respond/unknown; http status; http_status; returns 200; respond 404; bad request 500/instead
breaking change: break change/client/contract/existing/consumer/published/compat; breaking; backward; backwards;
  rename field/break/client/column; incompatib; removed field clients; semver
no api versions: version url/api/endpoint ~/header/path/introduc; versioning; unversioned
inconsistent responses: inconsistent response/error/format/shape/envelope/status/api/field; error
  format/shape/body/response inconsistent/differ/uniform/problem; envelope; response shape/format differ; problem
  json; differently shaped
unsafe get: get delete/change/state/side/mutat/modif; safe method; post instead get; state changing get
over-exposed fields: expos/return/serializ/leak internal/field/hash/all/column/password_hash
  response/field/json/client/api; password hash/hashes/field response/return/json/api/serializ; too many fields; whole
  entity/model/object serial/return/response; internal fields
exposed admin pages: pprof; actuator; admin/debug/metrics/swagger/graphiql
  endpoint/page/panel/interface/public/introspection public/expos/unprotect/internet/production; introspection
query depth: depth limit/quer; query depth/complex; nested queries
missing alt text: =alt ^ !same !repeat; add =alt; alternative text ^; alternativtext fehlt/ohne/kein; texte alternatif
  manque/sans/pas; images decorat/without text description/altern; screen reader image file/announce/nothing; image
  text ^
poor alt text: =alt repeat/redundant/meaning/filename/name/descriptive/generic/wrong/unhelpful/same/duplicate/useless
missing form label: label ~/form/input/field/placeholder/associat/missing; placeholder label/only/instead/text;
  unlabelled; unlabeled; inputs rely; labelled; htmlfor; etiqueta
missing accessible name: aria label ^/add/only; arialabel ^; accessible name; icon button name/label/only/text/screen;
  icon only; button without name/text/label; unnamed button/link/control
contrast: contrast; too light background; ratio text/4.5/colour/color; hard read text/colour/background/grey/gray; low
  contrast
focus outline: outline none/focus/remov; focus visible/indicator/ring/style/outline ~/remov/hidden/see/invisible;
  focus ring; focus indicator; focusvisible
focus trap: focus trap/escape/dialog/modal/return/move/restor; focus lost/management; dialog tab/behind; modal
  tab/keyboard/focus
keyboard: keyboard ~/cannot/reach/only/unreach/operat/access/user/inaccess; div click/onclick/button; clickable
  div/span; onclick div/span; tabindex; semantic button; mouse only/users; arrow keys; click handler div/span; native
  button
page language: lang attribut/html/missing/page; language declared/page/attribut/~; html lang
heading order: heading level/order/skip/hierarch/structure; h1 h3/h2/missing/several; =h1
captions: caption ^/add; subtitle ^/add; transcript video/audio ^
not announced: announc; live region; aria live; role alert; screen reader hear/told/update/status/notif/error;
  vorgelesen; aria busy
skip link: skip link/navigation/content; bypass
touch targets: touch target; tap target; target size/small; 24 px/44
motion: reduced motion; prefers reduced; animation motion/stop/pause/vestibular/reduce; autoplay; flash/blink
colour alone: colour/color alone/only/convey/solely/meaning; colour blind; color blind; only by colour/color
zoom: zoom; user scalable; maximum scale; text px/rem/size browser; font size px/rem/browser
page title: page/document title; title same/route/missing page
missing translation: ~ translat; translat ^; untranslated; hardcod string/text/label/english/message !sql !quer; i18n
  ^/bypass; ~ localis/localiz; string literal catalogue/locale; ~ uebersetzt/ubersetzt
locale formats: date/number/currency format locale/user; intl; locale number/date/decimal
react keys: index key react/array/list; array index; key prop; key index; stable key; index as key
stale closure: stale closure/state/effect; dependency array/useeffect/hook; useeffect depend/missing/stale/closure;
  exhaustive deps; effect depend/missing; deps array
missing loading state: loading state/spinner/indicator; spinner; error state/boundary ui/render/component; error
  boundary; blank screen/page; empty state
changed while iterating: iterat/loop modif/mutat/remov/delet/chang while/list/map/during/collection; modif
  while/during iterat; concurrentmodificationexception; during iteration
mutated argument: mutat argument/input/parameter/caller/props/state/in; modif caller/input/argument; in place
  caller/argument/input/mutat; side effect caller/argument
asserted input: assert production/optimi/valid/runtime/stripped/input; python; =assert disabled/removed/check
unordered results: order by ~/missing/stable/tie/pagina; order
  undefined/undetermin/nondeterminis/stable/random/guarante; unstable sort/order; sort stable/deterministic/tie;
  nondeterministic order/output; deterministic order/tie
out-of-order responses: out order response/request/event/message; stale response; abortcontroller; overwrite newer;
  older response; late response; latest request
left-over files: temp/temporary/tmp file/director/upload clean/remov/delet/leftover/left/never/predict; temporary
  files; mktemp; tempfile; purge; expired purg/clean/delet/never/pile; rows accumulat/pile/grow; clean up
  job/old/expired; retention
file permissions: chmod; world writable/readable; 0777; =777; file permission/mode; umask
licence: licen; copyright; =spdx; =gpl
changelog: changelog ~/entry/missing/release
code owners: codeowners; owner ~ module/file/code/team; bus factor
personal data: gdpr; dsgvo; consent; personal data delete/retain/retention/erasure/third/export; pii
  store/third/retain/retention; tracking
infinite recursion: recurs infinite/depth/limit/unbounded/stack/deep/endless/cycle; stack overflow; infinite loop;
  endless loop; recursionerror; maximum recursion; loop terminat/never/forever
stale lock entries: lock stale/crash/ttl/expir/forever redis/file/lease; lease; lock ttl
queue limits: queue unbounded/bounded/grow/limit/capacity/backpressure/backlog; backpressure; unbounded
  channel/queue/buffer/thread; dead letter; deadletter; poison message; thread/goroutine/task unbounded/per
  request/unlimit; semaphore limit/bound/concurren
wrong comparison: condition/comparison/check/operator/logic inverted/reversed/wrong/negat/swap/always; inverted;
  always true/false; operator precedence; and instead or; wrong operator; never true; swapped argument/parameter/order
"""
