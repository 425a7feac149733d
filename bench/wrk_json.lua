-- Ends a run of wrk with one line of JSON, in the names that bench/metrics.py knows.
done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        'JSON {"requests": %d, "seconds": %.6f, "requests_per_second": %.3f, "errors": %d, ' ..
        '"latency_us": {"p50": %.1f, "p90": %.1f, "p99": %.1f, "p999": %.1f, "max": %.1f}}\n',
        summary.requests, summary.duration / 1e6, summary.requests / (summary.duration / 1e6),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max))
end
