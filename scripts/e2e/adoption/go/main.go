// A Go service with promhttp's own instrumentation, labels and buckets as in its documentation. With NATIVE_HISTOGRAM
// set, its histogram is native only: it has no classic buckets.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var (
	total = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "http_requests_total", Help: "Requests",
	}, []string{"code", "method"})
	duration = promauto.NewHistogramVec(durations(), []string{"method"})
)

func durations() prometheus.HistogramOpts {
	options := prometheus.HistogramOpts{Name: "http_request_duration_seconds", Help: "Time to respond"}
	if os.Getenv("NATIVE_HISTOGRAM") == "" {
		options.Buckets = prometheus.DefBuckets
	} else {
		options.NativeHistogramBucketFactor = 1.1
	}
	return options
}

var requests atomic.Int64

func isOneIn(variable string, number int64) bool {
	share, _ := strconv.ParseFloat(os.Getenv(variable), 64)
	return share > 0 && number%int64(1/share+0.5) == 0
}

func checkout(w http.ResponseWriter, _ *http.Request) {
	number := requests.Add(1)
	w.Header().Set("Content-Type", "application/json")
	if isOneIn("ERRORS", number) {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"accepted":false}`)
		return
	}
	if isOneIn("SLOW", number) {
		time.Sleep(700 * time.Millisecond)
	}
	fmt.Fprint(w, `{"accepted":true}`)
}

func main() {
	handler := promhttp.InstrumentHandlerCounter(total,
		promhttp.InstrumentHandlerDuration(duration, http.HandlerFunc(checkout)))
	http.Handle("/checkout", handler)
	http.Handle("/metrics", promhttp.Handler())
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		panic(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	panic(http.Serve(listener, nil))
}
