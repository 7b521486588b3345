// What stands around every script, ours or the user's: see the wrapper in orchestrator/k6/wrapper.py.
const STATS = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)']; // k6's own choice where a script makes none
// Tags that k6 has by itself and we have no use for. Each costs some of the rate.
const MORE_TAGS = ['group', 'check', 'url', 'expected_response', 'subproto', 'tls_version', 'service', 'ocsp_status'];
const summaryFile = __ENV.STALLWATCH_SUMMARY;
const outputFolder = __ENV.STALLWATCH_OUTPUT;

// What the service wants of TLS. Read here, in the init context: certificate and key are handed over as paths.
const tls = {};
if (__ENV.STALLWATCH_INSECURE_TLS) tls.insecureSkipTLSVerify = true;
if (__ENV.STALLWATCH_TLS_CERT) {
  tls.tlsAuth = [{ cert: open(__ENV.STALLWATCH_TLS_CERT), key: open(__ENV.STALLWATCH_TLS_KEY) }];
}

// The script's options with the Node in `hosts`; those of a user's script within its bounds, too.
export function merged(theirs) {
  const own = Object.assign({}, tls, theirs);
  const nodes = JSON.parse(__ENV.STALLWATCH_HOSTS);
  const all = Object.assign({}, own, { hosts: Object.assign(elsewhere(own.hosts, nodes), nodes) });
  if (__ENV.STALLWATCH_REFUSED) {
    const most = Number(__ENV.STALLWATCH_MAX_RATE_PER_S) || Infinity;
    const rps = Math.min(own.rps > 0 ? own.rps : Infinity, Math.max(1, Math.floor(most)));
    all.blacklistIPs = (own.blacklistIPs || []).concat(JSON.parse(__ENV.STALLWATCH_REFUSED));
    all.rps = isFinite(rps) ? rps : own.rps;
    all.paused = false; // nobody could resume it
    all.summaryTrendStats = stats(own);
    all.systemTags = tags(own);
  }
  return all;
}

// k6 looks for name:port first and for patterns too: an entry that is more special than the Node's would win.
function elsewhere(hosts, nodes) {
  const kept = {};
  for (const [name, address] of Object.entries(hosts || {})) {
    const [host, port] = name.toLowerCase().split(':');
    const meant = (node) => host === node || (port && host[0] === '*' && node.endsWith(host.slice(1)));
    if (!Object.keys(nodes).some((node) => meant(node.toLowerCase()))) {
      kept[name] = address;
    }
  }
  return kept;
}

// What we need, what the script's thresholds are on (else these would hold for nothing), and `ip` if it wants that.
function tags(own) {
  const thresholds = Object.keys(own.thresholds || {}).join();
  const more = MORE_TAGS.filter((tag) => thresholds.includes(`${tag}:`));
  const ip = [].concat(own.systemTags || []).includes('ip') ? ['ip'] : [];
  return [...__ENV.STALLWATCH_TAGS.split(','), ...more, ...ip];
}

// What the script asks for, and what it takes to say by how much a threshold was missed, and of how many.
function stats(own) {
  const thresholds = JSON.stringify(own.thresholds || {});
  const percentiles = thresholds.match(/p\([\d.]+\)/g) || [];
  return [...new Set([...(own.summaryTrendStats || []), ...STATS, 'count', ...percentiles])];
}

// k6's totals for us, and whatever the script's own handleSummary makes of them.
export async function summarized(data, theirs, options) {
  const said = { error: '', files: [] };
  const metrics = JSON.stringify(data.metrics); // before anybody changes them
  let output = {};
  if (theirs) {
    // As they would see it without us: the statistics that we added are none of theirs.
    const shown = Object.assign({}, data.options, { summaryTrendStats: (options || {}).summaryTrendStats || STATS });
    try {
      output = placed(await theirs(Object.assign({}, data, { options: shown })), said);
    } catch (error) {
      said.error = String(error);
    }
  }
  // No metric has a name with parentheses.
  const totals = Object.assign(JSON.parse(metrics), { 'handleSummary()': said });
  return Object.assign(output, { [summaryFile]: JSON.stringify(totals) });
}

// Standard output is the samples' own. Files with relative names go beside the Run, one for each Node.
function placed(output, said) {
  const files = {};
  let printed = '';
  for (const [name, content] of Object.entries(output || {})) {
    if (typeof content !== 'string' && !(content instanceof ArrayBuffer)) {
      said.error = `it returned no text for ${name}`;
    } else if (name === 'stdout' || name === 'stderr') {
      printed += typeof content === 'string' ? content : String.fromCharCode(...new Uint8Array(content));
    } else {
      const own = name[0] === '/' ? name : name.replace(/^(\.\.?\/)+/, '').replaceAll('/', '-');
      files[own[0] === '/' ? own : `${outputFolder}/${own}`] = content;
      said.files.push(own);
    }
  }
  if (printed) {
    Object.assign(files, { stderr: `${printed}\n`, [`${outputFolder}/printed.txt`]: printed });
    said.files.push('printed.txt');
  }
  return files;
}
