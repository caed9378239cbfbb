/* Questions: answered from RAM, but for pages of events. One evaluator serves lists, facets and counts. */
#include "core/base/assert.h"
#include "server/domain/state.h"

#include <stdlib.h>
#include <string.h>

/* ---- summary ------------------------------------------------------------------------------------------------------ */

/* How many devices are seen under a label. */
typedef struct {
    const char *label;
    uint32_t count;
} top_t;

static int by_label(const void *left, const void *right)
{
    return strcmp(((const top_t *)left)->label, ((const top_t *)right)->label);
}

/* Most common first. */
static int by_count(const void *left, const void *right)
{
    uint32_t a = ((const top_t *)left)->count;
    uint32_t b = ((const top_t *)right)->count;
    return a != b ? (a < b ? 1 : -1) : by_label(left, right);
}

/* Counts what is shown of `intern` by label: of one version there may be several images. Gives the number of labels. */
static size_t count_labels(const ud_intern_t *intern, top_t *top)
{
    size_t shown = 0;
    for (uint32_t i = 0; i < intern->used; i++) {
        if (intern->counts[i] > 0 && intern->shown[i] > 0) {
            top[shown++] = (top_t){ud_intern_key(intern, i), intern->shown[i]}; /* both keys begin with their text */
        }
    }
    qsort(top, shown, sizeof(*top), by_label);
    size_t used = 0;
    for (size_t i = 0; i < shown; i++) {
        if (used > 0 && by_label(&top[used - 1], &top[i]) == 0) {
            top[used - 1].count += top[i].count;
        } else {
            top[used++] = top[i];
        }
    }
    return used;
}

/* The most common labels of `intern`, most common first. */
static void find_top(const ud_intern_t *intern, ud_top_t *kept)
{
    top_t *top = malloc((intern->used + 1) * sizeof(*top));
    UD_ASSERT(top != NULL);
    size_t used = count_labels(intern, top);
    qsort(top, used, sizeof(*top), by_count);
    kept->count = used < UD_TOP_COUNT_MAX ? used : UD_TOP_COUNT_MAX;
    for (size_t i = 0; i < kept->count; i++) {
        memcpy(kept->items[i].label, top[i].label, strlen(top[i].label) + 1);
        kept->items[i].count = top[i].count;
    }
    free(top);
}

/* Everybody's labels are sorted for that: once a second at most, for all who ask. Who was given older ones learns of a
 * change from ud_fleet_tick.
 */
static void refresh_tops(ud_fleet_t *fleet)
{
    uint32_t second = ud_fleet_second(fleet);
    if (fleet->tops_s != 0 && fleet->tops_revision == fleet->revision) {
        return;
    }
    if (fleet->tops_s == second) {
        fleet->tops_lag = true;
        return;
    }
    find_top(&fleet->devices.firmwares, &fleet->top_versions);
    find_top(&fleet->devices.hardware_names, &fleet->top_hardware);
    fleet->tops_s = second;
    fleet->tops_revision = fleet->revision;
}

static ud_err_t view_top(const ud_top_t *top, ud_arena_t *arena, const ud_count_t **items, size_t *count)
{
    ud_count_t *views = ud_arena_alloc(arena, (top->count + 1) * sizeof(*views));
    UD_REQUIRE(views != NULL, UD_ERR_TOO_LARGE);
    for (size_t i = 0; i < top->count; i++) {
        const char *label = top->items[i].label;
        views[i] = (ud_count_t){ud_arena_text(arena, label, strlen(label)), top->items[i].count};
        UD_REQUIRE(views[i].label != NULL, UD_ERR_TOO_LARGE);
    }
    *items = views;
    *count = top->count;
    return UD_OK;
}

static ud_err_t view_summary(ud_fleet_t *fleet, ud_arena_t *arena, ud_summary_t *view)
{
    refresh_tops(fleet);
    *view = (ud_summary_t){
        .devices = fleet->device_count,
        .online = fleet->online_count,
        .groups = (uint32_t)fleet->group_count,
        .pending = fleet->pending_count,
        .outcomes = fleet->outcomes,
        .successes = fleet->successes,
        .revision = fleet->revision,
    };
    memcpy(view->states, fleet->states, sizeof(view->states));
    UD_TRY(view_top(&fleet->top_versions, arena, &view->versions, &view->version_count));
    return view_top(&fleet->top_hardware, arena, &view->hardware, &view->hardware_count);
}

ud_err_t ud_apply_query_summary(ud_fleet_t *fleet, ud_command_t *command)
{
    return view_summary(fleet, command->arena, &command->out.summary);
}

/* ---- lists of devices --------------------------------------------------------------------------------------------- */

/* A filter with its names resolved to numbers. */
typedef struct {
    const char *text;
    uint32_t group;
    uint32_t hardware;
    const char *version;
    const ud_rollout_live_t *rollout;
    int state;
    int online;
    bool nothing; /* it names something that no device has */
} filter_t;

static filter_t resolve(const ud_fleet_t *fleet, const ud_device_filter_t *in)
{
    filter_t filter = {
        .text = in->text,
        .hardware = UD_INTERN_NONE,
        .version = in->version,
        .state = in->state,
        .online = in->online,
    };
    if (in->group != NULL) {
        filter.group = ud_group_find(fleet, in->group);
        filter.nothing = filter.group == 0;
    }
    if (in->hardware != NULL) {
        ud_hardware_key_t key = {""};
        memcpy(key.id, in->hardware, strnlen(in->hardware, sizeof(key.id) - 1));
        filter.hardware = ud_intern_find(&fleet->devices.hardware_names, &key);
        filter.nothing = filter.nothing || filter.hardware == UD_INTERN_NONE;
    }
    if (in->rollout_id != NULL) {
        filter.rollout = ud_rollout_find(fleet, in->rollout_id);
        filter.nothing = filter.nothing || filter.rollout == NULL;
    }
    return filter;
}

static bool is_in_rollout(const ud_fleet_t *fleet, const ud_rollout_live_t *rollout, uint32_t device)
{
    return fleet->devices.rollout[device - 1] == rollout->row.number ||
           (rollout->row.status != UD_ROLLOUT_COMPLETED &&
            ud_census_member(fleet, rollout, device).kind != UD_MEMBER_NONE);
}

/* All but the state; the cheapest column first. */
static bool fits(const ud_fleet_t *fleet, const filter_t *filter, uint32_t device)
{
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    if ((d->flags[i] & UD_DEVICE_RETIRED) != 0 || (filter->group != 0 && d->group[i] != filter->group) ||
        (filter->hardware != UD_INTERN_NONE && d->hardware[i] != filter->hardware) ||
        (filter->online >= 0 && ((d->flags[i] & UD_DEVICE_ONLINE) != 0) != (filter->online != 0))) {
        return false;
    }
    if (filter->version != NULL) {
        const ud_firmware_key_t *firmware = ud_devices_firmware(d, device);
        if (firmware == NULL || strcmp(firmware->version, filter->version) != 0) {
            return false;
        }
    }
    if (filter->text != NULL && strstr(ud_devices_id(d, device), filter->text) == NULL) {
        return false;
    }
    return filter->rollout == NULL || is_in_rollout(fleet, filter->rollout, device);
}

/* Order of the list: what needs a person first, then what is under way, then the rest as it registered. */
static const uint8_t ranks[UD_VIEW_STATE_COUNT] = {
    [UD_VIEW_FAILED] = 0,      [UD_VIEW_ROLLED_BACK] = 0, [UD_VIEW_UPDATING] = 1,
    [UD_VIEW_DOWNLOADING] = 1, [UD_VIEW_IDLE] = 2,        [UD_VIEW_SUCCESS] = 2,
};
#define RANK_COUNT 3
#define RANK_NONE 0xff

static ud_err_t take_page(const ud_fleet_t *fleet, const ud_device_filter_t *in, const uint8_t *found,
                          const uint32_t *counts, ud_arena_t *arena, ud_device_page_t *page)
{
    size_t limit = in->limit == 0 || in->limit > UD_PAGE_SIZE_MAX ? UD_PAGE_SIZE_MAX : in->limit;
    ud_device_t *items = ud_arena_alloc(arena, limit * sizeof(*items));
    UD_REQUIRE(items != NULL, UD_ERR_TOO_LARGE);
    size_t skip = in->offset;
    for (uint8_t rank = 0; rank < RANK_COUNT; rank++) {
        if (skip >= counts[rank]) {
            skip -= counts[rank];
            continue;
        }
        for (uint32_t i = 0; i < fleet->devices.count && page->count < limit; i++) {
            if (found[i] == rank && skip > 0) {
                skip--;
            } else if (found[i] == rank) {
                UD_TRY(ud_view_device(fleet, i + 1, arena, &items[page->count]));
                page->count++;
            }
        }
    }
    page->items = items;
    return UD_OK;
}

ud_err_t ud_apply_query_devices(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_device_filter_t *in = &command->in.filter;
    filter_t filter = resolve(fleet, in);
    ud_device_page_t *page = &command->out.devices;
    memset(page, 0, sizeof(*page));
    page->offset = in->offset;
    uint8_t *found = malloc(fleet->devices.count + 1);
    UD_ASSERT(found != NULL);
    memset(found, RANK_NONE, fleet->devices.count + 1);
    uint32_t counts[RANK_COUNT] = {0};
    for (uint32_t i = 0; i < fleet->devices.count && !filter.nothing; i++) {
        if (!fits(fleet, &filter, i + 1)) {
            continue;
        }
        ud_view_state_t state = ud_execution_view(fleet->devices.state[i]);
        page->states[state]++;
        if (filter.state < 0 || filter.state == (int)state) {
            found[i] = ranks[state];
            counts[ranks[state]]++;
            page->total++;
        }
    }
    ud_err_t err = take_page(fleet, in, found, counts, command->arena, page);
    free(found);
    return err;
}

/* ---- one ---------------------------------------------------------------------------------------------------------- */

static ud_err_t visible_device(const ud_fleet_t *fleet, const char *id, uint32_t *device)
{
    *device = id == NULL ? 0 : ud_devices_find(&fleet->devices, id);
    return *device == 0 ? UD_ERR_NOT_FOUND : UD_OK;
}

ud_err_t ud_apply_query_device(ud_fleet_t *fleet, ud_command_t *command)
{
    uint32_t device = 0;
    UD_TRY(visible_device(fleet, command->in.lookup.id, &device));
    return ud_view_detail(fleet, device, command->arena, &command->out.device);
}

ud_err_t ud_apply_query_release(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_release_live_t *release = ud_release_find(fleet, command->in.lookup.id);
    UD_REQUIRE(release != NULL, UD_ERR_NOT_FOUND);
    return ud_view_release(fleet, release, command->arena, &command->out.release);
}

ud_err_t ud_apply_query_rollout(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_rollout_live_t *rollout = ud_rollout_find(fleet, command->in.lookup.id);
    UD_REQUIRE(rollout != NULL, UD_ERR_NOT_FOUND);
    return ud_view_rollout(fleet, rollout, command->arena, &command->out.rollout);
}

/* ---- all ---------------------------------------------------------------------------------------------------------- */

static bool has_version(const ud_fleet_t *fleet, const ud_list_in_t *in, size_t index)
{
    return in->version == NULL || strcmp(fleet->releases[index].row.version, in->version) == 0;
}

static ud_err_t view_release(const ud_fleet_t *fleet, size_t index, ud_arena_t *arena, void *view)
{
    return ud_view_release(fleet, &fleet->releases[index], arena, view);
}

ud_err_t ud_apply_query_releases(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_list_t list = {
        .count = fleet->release_count,
        .view_size = sizeof(ud_release_t),
        .newest_first = true,
        .is_wanted = has_version,
        .view = view_release,
    };
    ud_page_t page;
    UD_TRY(ud_list_page(fleet, &list, &command->in.list, command->arena, &page));
    command->out.releases = UD_PAGE_AS(ud_release_page_t, page);
    return UD_OK;
}

static bool is_active(const ud_fleet_t *fleet, const ud_list_in_t *in, size_t index)
{
    return in->active != 1 || fleet->rollouts[index]->row.status != UD_ROLLOUT_COMPLETED;
}

static ud_err_t view_rollout(const ud_fleet_t *fleet, size_t index, ud_arena_t *arena, void *view)
{
    return ud_view_rollout(fleet, fleet->rollouts[index], arena, view);
}

ud_err_t ud_apply_query_rollouts(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_list_t list = {
        .count = fleet->rollout_count,
        .view_size = sizeof(ud_rollout_t),
        .newest_first = true,
        .is_wanted = is_active,
        .view = view_rollout,
    };
    ud_page_t page;
    UD_TRY(ud_list_page(fleet, &list, &command->in.list, command->arena, &page));
    command->out.rollouts = UD_PAGE_AS(ud_rollout_page_t, page);
    return UD_OK;
}

/* ---- events ------------------------------------------------------------------------------------------------------- */

/* The page below event `before` of the chain, or from its newest. */
static ud_err_t events(const ud_fleet_t *fleet, ud_command_t *command, ud_event_chain_t chain, uint64_t newest)
{
    const ud_lookup_in_t *in = &command->in.lookup;
    ud_event_query_t query = {chain, newest, 1};
    ud_event_rows_t at;
    if (in->before != 0 && in->before <= newest) {
        query.from = in->before;
        UD_TRY(fleet->store->ops->events(fleet->store, &query, command->arena, &at));
        query.from = at.next;
    }
    query.limit = in->limit == 0 || in->limit > UD_PAGE_SIZE_MAX ? UD_PAGE_SIZE_MAX : in->limit;
    ud_event_page_t *page = &command->out.events;
    UD_TRY(ud_view_events(fleet, &query, command->arena, page));
    page->next = page->next != 0 ? page->items[page->count - 1].number : 0;
    return UD_OK;
}

ud_err_t ud_apply_query_device_events(ud_fleet_t *fleet, ud_command_t *command)
{
    uint32_t device = 0;
    UD_TRY(visible_device(fleet, command->in.lookup.id, &device));
    return events(fleet, command, UD_EVENTS_OF_DEVICE, fleet->devices.last_event[device - 1]);
}

/* Of a release, of a rollout, or of everything. */
ud_err_t ud_apply_query_events(ud_fleet_t *fleet, ud_command_t *command)
{
    const char *id = command->in.lookup.id;
    if (id == NULL) {
        return events(fleet, command, UD_EVENTS_ALL, fleet->next_event - 1);
    }
    const ud_rollout_live_t *rollout = ud_rollout_find(fleet, id);
    if (rollout != NULL) {
        return events(fleet, command, UD_EVENTS_OF_OBJECT, rollout->row.last_event);
    }
    const ud_release_live_t *release = ud_release_find(fleet, id);
    UD_REQUIRE(release != NULL, UD_ERR_NOT_FOUND);
    return events(fleet, command, UD_EVENTS_OF_OBJECT, release->row.last_event);
}

/* ---- changes ------------------------------------------------------------------------------------------------------ */

/* Newest first, those that changed after `since`; of a reader who has nothing yet, those that are active. */
static bool is_news(const ud_rollout_live_t *rollout, uint64_t since)
{
    return since == 0 ? rollout->row.status != UD_ROLLOUT_COMPLETED : rollout->revision > since;
}

static size_t count_news(const ud_fleet_t *fleet, uint64_t since)
{
    size_t count = 0;
    for (size_t i = 0; i < fleet->rollout_count; i++) {
        count += is_news(fleet->rollouts[i], since) ? 1 : 0;
    }
    return count;
}

static ud_err_t view_news(const ud_fleet_t *fleet, uint64_t since, ud_arena_t *arena, ud_changes_t *out)
{
    ud_rollout_t *views = ud_arena_alloc(arena, (count_news(fleet, since) + 1) * sizeof(*views));
    UD_REQUIRE(views != NULL, UD_ERR_TOO_LARGE);
    for (size_t i = fleet->rollout_count; i > 0; i--) {
        if (is_news(fleet->rollouts[i - 1], since)) {
            UD_TRY(ud_view_rollout(fleet, fleet->rollouts[i - 1], arena, &views[out->rollout_count]));
            out->rollout_count++;
        }
    }
    out->rollouts = views;
    return UD_OK;
}

ud_err_t ud_apply_query_changes(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_changes_in_t *in = &command->in.changes;
    ud_changes_t *out = &command->out.changes;
    memset(out, 0, sizeof(*out));
    out->revision = fleet->revision;
    out->reset = in->since != 0 && (in->since < fleet->revision_base || in->since > fleet->revision ||
                                    count_news(fleet, in->since) > UD_PAGE_SIZE_MAX);
    uint64_t since = out->reset ? 0 : in->since;
    UD_TRY(view_summary(fleet, command->arena, &out->summary));
    UD_TRY(view_news(fleet, since, command->arena, out));
    size_t count = in->device_count < UD_WATCH_COUNT_MAX ? in->device_count : UD_WATCH_COUNT_MAX;
    ud_device_t *views = ud_arena_alloc(command->arena, (count + 1) * sizeof(*views));
    UD_REQUIRE(views != NULL, UD_ERR_TOO_LARGE);
    for (size_t i = 0; i < count; i++) {
        uint32_t device = ud_devices_find(&fleet->devices, in->device_ids[i]);
        if (device != 0 && fleet->devices.revision[device - 1] > since) {
            UD_TRY(ud_view_device(fleet, device, command->arena, &views[out->device_count]));
            out->device_count++;
        }
    }
    out->devices = views;
    return UD_OK;
}
