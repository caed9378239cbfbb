#include "core/base/assert.h"
#include "server/domain/state.h"

/* Index of the `place`-th item in the order in which people see the list. */
static size_t index_of(const ud_list_t *list, size_t place)
{
    return list->newest_first ? list->count - 1 - place : place;
}

ud_err_t ud_list_page(const ud_fleet_t *fleet, const ud_list_t *list, const ud_list_in_t *in, ud_arena_t *arena,
                      ud_page_t *page)
{
    size_t limit = in->limit == 0 || in->limit > list->count ? list->count : in->limit;
    uint8_t *items = ud_arena_alloc(arena, (limit + 1) * list->view_size);
    UD_REQUIRE(items != NULL, UD_ERR_TOO_LARGE);
    *page = (ud_page_t){.items = items, .offset = in->offset};
    for (size_t place = 0; place < list->count; place++) {
        size_t index = index_of(list, place);
        if (list->is_wanted != NULL && !list->is_wanted(fleet, in, index)) {
            continue;
        }
        if (page->total >= in->offset && page->count < limit) {
            UD_TRY(list->view(fleet, index, arena, items + page->count * list->view_size));
            page->count++;
        }
        page->total++;
    }
    return UD_OK;
}
