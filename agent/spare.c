#include "agent/spare.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/slot/slot.h"
#include "include/updraft/config.h"

#include <string.h>

_Static_assert(UD_AGENT_PAGE_SIZE % UD_WRITE_SIZE_MAX == 0, "a page is whole words");

/* What a word of flash is to the bytes that shall stand there. */
typedef enum { WORD_KEEP, WORD_BLANK, WORD_BAD } word_t;

static const ud_area_geometry_t *geometry(const ud_spare_t *spare, const ud_port_t *port)
{
    return ud_port_area(port, (ud_area_t)spare->area);
}

static uint32_t smaller(uint32_t left, uint32_t right)
{
    return left < right ? left : right;
}

uint32_t ud_spare_anchor_unit(const ud_port_t *port, ud_area_t area, uint32_t chunk_size)
{
    uint32_t sector = ud_port_area(port, area)->sector_size_bytes;
    uint32_t unit = chunk_size > UD_SLOT_UNIT_SIZE_MIN ? chunk_size : UD_SLOT_UNIT_SIZE_MIN;
    return unit > sector ? unit : sector;
}

void ud_spare_begin(ud_spare_t *spare, ud_area_t area, uint32_t base, uint32_t offset, uint32_t suspect_size)
{
    *spare = (ud_spare_t){
        .area = (uint8_t)area,
        .base = base,
        .judged_end = offset,
        .suspect_end = offset + suspect_size,
        .retry_sector = UINT32_MAX,
    };
}

static bool is_blank(const uint8_t *data, size_t size, uint8_t erased)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] != erased) {
            return false;
        }
    }
    return true;
}

static word_t judge_word(const uint8_t *flash, const uint8_t *wanted, size_t size, uint8_t erased)
{
    if (memcmp(flash, wanted, size) == 0) {
        return WORD_KEEP;
    }
    return is_blank(flash, size, erased) ? WORD_BLANK : WORD_BAD;
}

/* Copies up to a page of the chunk into `page`, its last word filled up with erased bytes; gives whole words. */
static uint32_t take_page(const uint8_t *data, uint32_t size, uint32_t word, uint8_t erased,
                          uint8_t page[UD_AGENT_PAGE_SIZE])
{
    uint32_t taken = smaller(size, UD_AGENT_PAGE_SIZE);
    uint32_t whole = (taken + word - 1) / word * word;
    memset(page + taken, erased, whole - taken);
    memcpy(page, data, taken);
    return whole;
}

/* A page of the chunk as it shall stand in flash, and what stands there. */
typedef struct {
    uint32_t size;  /* bytes, whole words */
    uint32_t first; /* the first run of blank words begins here... */
    uint32_t end;   /* ...and ends here; both are `size` if there is none */
    uint8_t wanted[UD_AGENT_PAGE_SIZE];
    uint8_t flash[UD_AGENT_PAGE_SIZE];
} page_t;

static ud_err_t read_page(const ud_spare_t *spare, ud_port_t *port, uint32_t offset, page_t *page)
{
    return ud_port_flash_read(port, (ud_area_t)spare->area, spare->base + offset, page->flash, page->size);
}

/* Takes up to a page of the chunk and looks at its place. False: a word there can be neither kept nor programmed. */
static bool judge_page(const ud_spare_t *spare, ud_port_t *port, uint32_t offset, const uint8_t *data, uint32_t size,
                       page_t *page)
{
    const ud_area_geometry_t *area = geometry(spare, port);
    uint32_t word = area->write_size_bytes;
    page->size = take_page(data, size, word, area->erased_value, page->wanted);
    page->first = page->size;
    page->end = page->size;
    if (read_page(spare, port, offset, page) != UD_OK) {
        return false;
    }
    for (uint32_t at = 0; at < page->size; at += word) {
        word_t found = judge_word(page->flash + at, page->wanted + at, word, area->erased_value);
        if (found == WORD_BAD) {
            return false;
        }
        if (found == WORD_BLANK && page->first == page->size) {
            page->first = at;
        } else if (found == WORD_KEEP && page->first < at && page->end == page->size) {
            page->end = at;
        }
    }
    return true;
}

/* True if nothing in `size` bytes of the chunk's place stands against programming it. */
static bool place_is_fit(const ud_spare_t *spare, ud_port_t *port, uint32_t offset, const uint8_t *data, uint32_t size)
{
    page_t page;
    uint32_t at = 0;
    while (at < size && judge_page(spare, port, offset + at, data + at, size - at, &page)) {
        at += UD_AGENT_PAGE_SIZE;
    }
    return at >= size;
}

/* What stands in a part of the slot, beyond the chunk at hand. */
typedef enum { PLACE_UNREADABLE, PLACE_WRITTEN, PLACE_BLANK } place_t;

static place_t look(const ud_spare_t *spare, ud_port_t *port, uint32_t offset, uint32_t size)
{
    uint8_t flash[UD_AGENT_PAGE_SIZE];
    place_t found = PLACE_BLANK;
    for (uint32_t at = 0; at < size; at += UD_AGENT_PAGE_SIZE) {
        uint32_t piece = smaller(size - at, UD_AGENT_PAGE_SIZE);
        ud_port_watchdog_feed(port);
        if (ud_port_flash_read(port, (ud_area_t)spare->area, spare->base + offset + at, flash, piece) != UD_OK) {
            return PLACE_UNREADABLE;
        }
        found = is_blank(flash, piece, geometry(spare, port)->erased_value) ? found : PLACE_WRITTEN;
    }
    return found;
}

static ud_err_t erase(ud_spare_t *spare, ud_port_t *port, uint32_t sector_offset)
{
    uint32_t sector = geometry(spare, port)->sector_size_bytes;
    spare->retries = sector_offset == spare->retry_sector ? (uint8_t)(spare->retries + 1) : 1;
    spare->retry_sector = sector_offset;
    UD_REQUIRE(spare->retries <= UD_AGENT_SECTOR_RETRIES, UD_ERR_FLASH_WRITE);

    ud_port_watchdog_feed(port);
    UD_TRY(ud_port_flash_erase(port, (ud_area_t)spare->area, spare->base + sector_offset));
    UD_REQUIRE(look(spare, port, sector_offset, sector) == PLACE_BLANK, UD_ERR_FLASH_ERASE);
    spare->judged_end = sector_offset + sector;
    return UD_OK;
}

/* At the first byte of a sector: must it be erased before the chunk at hand, `size` bytes of it, goes there? */
static bool sector_must_go(ud_spare_t *spare, ud_port_t *port, uint32_t offset, const uint8_t *data, uint32_t size)
{
    uint32_t sector = geometry(spare, port)->sector_size_bytes;
    uint32_t at_hand = smaller(size, sector);
    return offset < spare->suspect_end || !place_is_fit(spare, port, offset, data, at_hand) ||
           look(spare, port, offset + at_hand, sector - at_hand) != PLACE_BLANK;
}

/* Programs the first run of blank words of a page of the chunk and reads it back. `*done` bytes of it stand in flash then; 0:
 * a word there cannot be used.
 */
static ud_err_t program_page(const ud_spare_t *spare, ud_port_t *port, uint32_t offset, const uint8_t *data,
                             uint32_t size, uint32_t *done)
{
    page_t page;
    *done = 0;
    if (!judge_page(spare, port, offset, data, size, &page)) {
        return UD_OK;
    }
    if (page.first < page.end) {
        /* What a refused program did shows in what is read back. */
        ud_err_t err = ud_port_flash_program(port, (ud_area_t)spare->area, spare->base + offset + page.first,
                                             page.wanted + page.first, page.end - page.first);
        UD_REQUIRE(err == UD_OK || err == UD_ERR_FLASH_WRITE, err);
        if (read_page(spare, port, offset, &page) != UD_OK) {
            return UD_OK;
        }
    }
    *done = memcmp(page.flash, page.wanted, page.end) == 0 ? page.end : 0;
    return UD_OK;
}

ud_err_t ud_spare_step(ud_spare_t *spare, ud_port_t *port, uint32_t offset, const uint8_t *data, uint32_t size,
                       ud_spare_progress_t *progress)
{
    uint32_t sector = geometry(spare, port)->sector_size_bytes;
    uint32_t at = offset + spare->written;
    uint32_t left = size - spare->written;
    data += spare->written;
    *progress = UD_SPARE_MORE;
    if (at >= spare->judged_end) {
        if (sector_must_go(spare, port, at, data, left)) {
            return erase(spare, port, at);
        }
        spare->judged_end = at + sector;
    }

    uint32_t done;
    UD_TRY(program_page(spare, port, at, data, smaller(left, sector - at % sector), &done));
    if (done == 0) {
        uint32_t start = at - at % sector;
        UD_TRY(erase(spare, port, start));
        spare->written = start > offset ? start - offset : 0;
        *progress = start < offset ? UD_SPARE_AGAIN : UD_SPARE_MORE;
        return UD_OK;
    }
    spare->written += smaller(done, left);
    if (spare->written == size) {
        spare->written = 0;
        *progress = UD_SPARE_DONE;
    }
    return UD_OK;
}

ud_err_t ud_spare_finish(ud_spare_t *spare, ud_port_t *port, uint32_t image_size)
{
    uint32_t sector = geometry(spare, port)->sector_size_bytes;
    uint32_t end = smaller(ud_slot_reach(port, image_size), geometry(spare, port)->size_bytes - spare->base);
    for (uint32_t at = (image_size + sector - 1) / sector * sector; at < end; at += sector) {
        if (look(spare, port, at, sector) == PLACE_UNREADABLE) {
            UD_TRY(erase(spare, port, at));
            return UD_ERR_WOULD_BLOCK;
        }
    }
    return UD_OK;
}
