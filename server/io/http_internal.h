/* What the files of the HTTP server share: connection, exchange, thread. No one else includes this.
 *
 * A connection is entered by an event (readable, writable, a deadline, a timer, a completion) and left again; handlers run
 * in between and their calls only set state. Leaving does what follows from it: ends finished exchanges, reads on,
 * writes, closes. So nothing recurses, and nothing is freed under a handler's feet.
 *
 *     entered --> handlers set state --> left: pump (parse, call handlers) <-> flush (write) --> events and deadline set
 */
#ifndef UD_IO_HTTP_INTERNAL_H
#define UD_IO_HTTP_INTERNAL_H

#include "core/proto/http1.h"
#include "server/io/completion.h"
#include "server/io/http.h"
#include "server/io/loop.h"

#include <event2/event_struct.h>
#include <sys/queue.h>

/* Bytes read at once, and so the most that a connection keeps of what it may not look at yet. */
#define INPUT_SIZE 16384

/* Bytes of replies waiting above which no further request of a connection is looked at. */
#define OUT_HIGH_WATER 65536

/* Bytes of a file sent before others have their turn. */
#define FILE_TURN_SIZE (256u * 1024u)

/* Endpoints (listening addresses) of a server. */
#define ENDPOINT_COUNT_MAX 4

/* Bytes of headers a handler adds to a reply. */
#define EXTRA_HEAD_SIZE 2048

/* What a connection waits for its peer to do. */
typedef enum {
    WAIT_STRANGER, /* send the rest of a body, or read a reply: nobody vouched for this peer */
    WAIT_HEAD,     /* send the rest of a head */
    WAIT_IDLE,     /* ask */
    WAIT_LINGER,   /* close */
    WAIT_STALL,    /* as WAIT_STRANGER, but the door knows the peer: never makes room */
    WAIT_COUNT,
    WAIT_NONE = WAIT_COUNT,
} wait_t;

typedef struct {
    ud_exchange_fn on_head;
    void *door;
} endpoint_t;

typedef struct {
    uint8_t *data;
    size_t begin; /* of what is not yet written */
    size_t size;  /* of all that is held */
    size_t capacity;
} buffer_t;

typedef struct connection connection_t;
TAILQ_HEAD(connection_list, connection);

typedef struct {
    connection_t *connection; /* NULL: free */
    uint32_t generation;
    uint32_t next_free;
} slot_t;

/* A thread's connections of one endpoint; what one endpoint has too many of is taken from itself alone. */
typedef struct {
    uint32_t connection_count;
    struct connection_list waits[WAIT_COUNT]; /* each by rising deadline, because each has one length */
} share_t;

typedef struct thread {
    ud_http_server_t *server;
    ud_loop_t *loop;
    uint16_t index;
    bool draining;
    slot_t *slots;
    uint32_t slot_count;
    uint32_t first_free; /* slot_count: none */
    uint32_t connection_count;
    share_t shares[ENDPOINT_COUNT_MAX];
    struct event *sweep_event;
    struct event *listen_events[ENDPOINT_COUNT_MAX];
    uint64_t drain_until_ms;
    uint64_t exchange_count;
    int64_t date_s; /* of the text in `date` */
    char date[32];
    ud_post_t drain_post;
    uint8_t line[UD_HTTP1_SERVER_LINE_SIZE];
    uint8_t input[INPUT_SIZE];
} thread_t;

struct ud_http_server {
    ud_http_config_t config;
    endpoint_t endpoints[ENDPOINT_COUNT_MAX];
    unsigned endpoint_count;
    thread_t *threads;
    uint32_t wait_ms[WAIT_COUNT];
    uint16_t mark; /* random: tells the exchange ids of two runs apart */
    uint32_t drain_ms;
};

struct connection {
    thread_t *thread;
    const endpoint_t *endpoint;
    share_t *share;
    ud_exchange_t *exchange; /* NULL between requests */
    int fd;
    uint32_t slot;
    uint32_t holds; /* completions on their way */
    bool entered;
    bool dead;    /* closed; stays while completions are on their way */
    bool broken;  /* the parser has lost its place */
    bool closing; /* to be closed when all is written */
    bool unread;  /* closing in mid-request: linger, so that the reply arrives */
    bool lingering;
    bool reading;
    bool renew;   /* the idle time begins anew */
    bool vouched; /* the door knows who sent the present, or last, request */
    ud_http1_t parser;
    uint8_t *line; /* of a line in pieces, else NULL */
    ud_span_t input;
    uint8_t *saved; /* what `input` lies in when it outlives its turn */
    buffer_t out;
    int file; /* -1: none */
    uint64_t file_offset;
    uint64_t file_left;
    wait_t wait;
    uint64_t deadline_ms;
    uint64_t moved; /* bytes since the deadline was set */
    TAILQ_ENTRY(connection) waiting;
    struct event read_event;
    struct event write_event;
    char peer[46];
};

typedef struct header {
    struct header *next;
    const char *name; /* lower case */
    const char *value;
} header_t;

typedef enum {
    INTAKE_HEAD, /* the head is being read */
    INTAKE_HELD, /* the handler has not asked for the body */
    INTAKE_BODY,
    INTAKE_DONE,
} intake_t;

typedef enum { REPLY_NONE, REPLY_STREAM, REPLY_DONE } reply_t;

struct ud_exchange {
    connection_t *connection;
    ud_arena_t *arena;
    void *door;
    const char *method;
    const char *path;
    const char *query;     /* NULL: none */
    const char *authority; /* of a target in absolute-form, to be that of Host; NULL: none */
    header_t *headers;
    header_t **last_header;
    const char *params[UD_ROUTE_PARAM_COUNT_MAX];
    uint64_t body_size; /* announced; UINT64_MAX: chunked */

    intake_t intake;
    ud_exchange_part_fn part; /* NULL: collecting */
    ud_exchange_fn then;
    uint64_t taken_max;
    uint64_t taken; /* bytes of the body so far */
    uint8_t *body;
    size_t body_capacity;

    reply_t reply;
    bool chunked;
    bool head_only;
    int status;
    uint64_t sent; /* bytes of the reply's body */
    ud_http1_writer_t extra;

    void *context;
    ud_exchange_fn end;
    struct event *timer;
    ud_exchange_fn timer_then;

    ud_err_t noted;
    const char *detail;
    uint64_t began_ms;
    uint64_t number;
    char id[32];
};

/* http_connection.c */
void connection_accept(thread_t *thread, size_t endpoint_index, int fd, const char *peer);
void connection_enter(connection_t *connection);
void connection_leave(connection_t *connection);
void connection_kill(connection_t *connection);
void connection_sweep(thread_t *thread);
size_t connection_waiting(const connection_t *connection); /* bytes not yet written */
void connection_put(connection_t *connection, const void *data, size_t size);

/* http_exchange.c */
ud_exchange_t *exchange_begin(connection_t *connection, ud_span_t method, ud_span_t target);
ud_err_t exchange_add_header(ud_exchange_t *exchange, ud_span_t name, ud_span_t value);
void exchange_head_done(ud_exchange_t *exchange);
void exchange_take_body(ud_exchange_t *exchange, ud_span_t part);
void exchange_body_done(ud_exchange_t *exchange);
void exchange_end(ud_exchange_t *exchange);

/* http_reply.c */
void exchange_fail(ud_exchange_t *exchange, int status, ud_err_t err, const char *detail);

#endif
