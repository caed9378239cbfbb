/* Flash of the simulated board: NOR rules, the fuse, and words that lie. */
#include "ports/posix/board_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    ud_port_t *board;
    const ud_area_geometry_t *geometry;
    ud_area_t area;
    uint32_t offset; /* in the area */
    uint32_t size;
} range_t;

static void *need(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static bool is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static bool is_inside(const ud_port_t *board, ud_area_t area, uint32_t offset, size_t size)
{
    return (unsigned)area < UD_AREA_COUNT && offset <= board->areas[area].size_bytes &&
           size <= board->areas[area].size_bytes - offset;
}

static uint32_t sector_index(const ud_port_t *board, ud_area_t area, uint32_t offset)
{
    return board->first[area] + offset / board->areas[area].sector_size_bytes;
}

/* ---- sectors ---------------------------------------------------------------------------------------------------- */

static bool is_sound(const ud_area_geometry_t *geometry)
{
    return is_power_of_two(geometry->sector_size_bytes) && is_power_of_two(geometry->write_size_bytes) &&
           geometry->write_size_bytes <= UD_WRITE_SIZE_MAX &&
           geometry->sector_size_bytes >= geometry->write_size_bytes &&
           (geometry->erased_value == 0xFF || geometry->erased_value == 0x00) &&
           geometry->size_bytes % geometry->sector_size_bytes == 0;
}

ud_err_t ud_flash_init(ud_port_t *board, const ud_area_geometry_t *areas)
{
    for (int area = 0; area < UD_AREA_COUNT; area++) {
        UD_REQUIRE(areas[area].size_bytes == 0 || is_sound(&areas[area]), UD_ERR_INVALID_ARGUMENT);
    }
    for (int area = 0; area < UD_AREA_COUNT; area++) {
        const ud_area_geometry_t *geometry = &areas[area];
        board->areas[area] = *geometry;
        board->first[area] = board->sector_count;
        board->sector_count += geometry->size_bytes == 0 ? 0 : geometry->size_bytes / geometry->sector_size_bytes;
    }
    board->sectors = need(calloc(board->sector_count + 1, sizeof(ud_sector_t *)));
    board->erases = need(calloc(board->sector_count + 1, sizeof *board->erases));
    board->refuses = need(calloc(board->sector_count + 1, sizeof *board->refuses));
    return UD_OK;
}

static void seal_one(ud_port_t *board, work_t *work)
{
    const ud_area_geometry_t *area = &board->areas[work->area];
    ud_sector_t *sector = ud_flash_pool_put(board->pool, work->bytes, area->sector_size_bytes, area->erased_value);
    ud_flash_pool_drop(board->pool, board->sectors[work->sector]);
    board->sectors[work->sector] = sector;
    free(work->bytes);
    work->bytes = NULL;
}

void ud_flash_seal(ud_port_t *board)
{
    for (int index = 0; index < WORK_COUNT; index++) {
        if (board->work[index].bytes != NULL) {
            seal_one(board, &board->work[index]);
        }
    }
}

void ud_flash_free(ud_port_t *board)
{
    ud_flash_seal(board);
    for (uint32_t index = 0; index < board->sector_count; index++) {
        ud_flash_pool_drop(board->pool, board->sectors[index]);
    }
    for (size_t index = 0; index < board->fault_count; index++) {
        ud_flash_pool_drop(board->pool, board->faults[index].before);
    }
    free(board->sectors);
    free(board->erases);
    free(board->refuses);
    free(board->faults);
    if (board->file >= 0) {
        (void)close(board->file);
    }
}

static const work_t *find_work(const ud_port_t *board, uint32_t sector)
{
    for (int index = 0; index < WORK_COUNT; index++) {
        if (board->work[index].bytes != NULL && board->work[index].sector == sector) {
            return &board->work[index];
        }
    }
    return NULL;
}

/* The bytes of a sector, to be written; sealed some time later. */
static uint8_t *open_sector(ud_port_t *board, ud_area_t area, uint32_t sector)
{
    work_t *oldest = &board->work[0];
    for (int index = 0; index < WORK_COUNT; index++) {
        work_t *work = &board->work[index];
        if (work->bytes != NULL && work->sector == sector) {
            work->used_at = board->operations;
            return work->bytes;
        }
        if (oldest->bytes != NULL && (work->bytes == NULL || work->used_at < oldest->used_at)) {
            oldest = work;
        }
    }
    if (oldest->bytes != NULL) {
        seal_one(board, oldest);
    }
    uint32_t size = board->areas[area].sector_size_bytes;
    *oldest = (work_t){.bytes = need(malloc(size)), .sector = sector, .area = area, .used_at = board->operations};
    ud_sector_read(board->sectors[sector], 0, oldest->bytes, size, board->areas[area].erased_value);
    return oldest->bytes;
}

static void file_write(ud_port_t *board, ud_area_t area, uint32_t offset, const uint8_t *data, size_t size)
{
    uint64_t at = offset;
    for (int before = 0; before < (int)area; before++) {
        at += board->areas[before].size_bytes;
    }
    if (board->file >= 0 && pwrite(board->file, data, size, (off_t)at) != (ssize_t)size) {
        abort();
    }
}

static void write_range(ud_port_t *board, ud_area_t area, uint32_t offset, const uint8_t *data, size_t size)
{
    uint32_t sector_size = board->areas[area].sector_size_bytes;
    file_write(board, area, offset, data, size);
    while (size > 0) {
        uint32_t inside = offset % sector_size;
        size_t part = size < sector_size - inside ? size : sector_size - inside;
        memcpy(open_sector(board, area, sector_index(board, area, offset)) + inside, data, part);
        offset += (uint32_t)part;
        data += part;
        size -= part;
    }
}

void ud_board_peek(const ud_port_t *board, ud_area_t area, uint32_t offset, void *data, size_t size)
{
    if (!is_inside(board, area, offset, size)) {
        abort();
    }
    uint32_t sector_size = board->areas[area].sector_size_bytes;
    uint8_t *bytes = data;
    while (size > 0) {
        uint32_t inside = offset % sector_size;
        uint32_t sector = sector_index(board, area, offset);
        size_t part = size < sector_size - inside ? size : sector_size - inside;
        const work_t *work = find_work(board, sector);
        if (work != NULL) {
            memcpy(bytes, work->bytes + inside, part);
        } else {
            ud_sector_read(board->sectors[sector], inside, bytes, part, board->areas[area].erased_value);
        }
        offset += (uint32_t)part;
        bytes += part;
        size -= part;
    }
}

ud_err_t ud_flash_open_file(ud_port_t *board, const char *path)
{
    UD_REQUIRE((board->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) >= 0, UD_ERR_FILE_WRITE);
    struct stat status;
    UD_REQUIRE(fstat(board->file, &status) == 0, UD_ERR_FILE_READ);
    bool fresh = status.st_size == 0;
    uint64_t at = 0;
    for (int area = 0; area < UD_AREA_COUNT; area++) {
        uint32_t size = board->areas[area].sector_size_bytes;
        for (uint32_t offset = 0; offset < board->areas[area].size_bytes; offset += size, at += size) {
            uint8_t *bytes = open_sector(board, (ud_area_t)area, sector_index(board, (ud_area_t)area, offset));
            UD_REQUIRE(fresh || pread(board->file, bytes, size, (off_t)at) == (ssize_t)size, UD_ERR_FILE_READ);
            UD_REQUIRE(!fresh || pwrite(board->file, bytes, size, (off_t)at) == (ssize_t)size, UD_ERR_FILE_WRITE);
        }
    }
    ud_flash_seal(board);
    return UD_OK;
}

/* ---- faults ----------------------------------------------------------------------------------------------------- */

static bool overlaps(const fault_t *fault, ud_area_t area, uint32_t offset, size_t size)
{
    return fault->area == area && offset < fault->offset + fault->size && fault->offset < offset + size;
}

static void drop_faults(ud_port_t *board, ud_area_t area, uint32_t offset, uint32_t size)
{
    size_t kept = 0;
    for (size_t index = 0; index < board->fault_count; index++) {
        fault_t fault = board->faults[index];
        if (fault.fault != UD_WORD_STUCK && overlaps(&fault, area, offset, size)) {
            ud_flash_pool_drop(board->pool, fault.before);
        } else {
            board->faults[kept++] = fault;
        }
    }
    board->fault_count = kept;
}

/* Faults never reach over the end of a sector. Takes over the count of `before`. */
static void add_fault(ud_port_t *board, fault_t fault)
{
    if (board->fault_count == board->fault_capacity) {
        board->fault_capacity = board->fault_capacity * 2 + 4;
        board->faults = need(realloc(board->faults, board->fault_capacity * sizeof *board->faults));
    }
    board->faults[board->fault_count++] = fault;
}

void ud_board_fault_words(ud_port_t *board, ud_area_t area, uint32_t offset, uint32_t size, ud_word_fault_t fault)
{
    uint32_t sector_size = board->areas[area].sector_size_bytes;
    while (size > 0) {
        uint32_t part = sector_size - offset % sector_size;
        part = part < size ? part : size;
        fault_t made = {.area = area, .offset = offset, .size = part, .fault = fault};
        if (fault == UD_WORD_STUCK) {
            ud_flash_seal(board);
            made.before = ud_flash_pool_share(board->sectors[sector_index(board, area, offset)]);
        }
        add_fault(board, made);
        offset += part;
        size -= part;
    }
}

void ud_board_refuse_writes(ud_port_t *board, ud_area_t area, uint32_t offset, uint32_t size, bool refuse)
{
    uint32_t sector_size = board->areas[area].sector_size_bytes;
    for (uint32_t at = offset; at < offset + size; at += sector_size) {
        board->refuses[sector_index(board, area, at)] = refuse;
    }
}

void ud_flash_power_up(ud_port_t *board)
{
    for (size_t index = 0; index < board->fault_count; index++) {
        board->faults[index].age++;
    }
}

/* One word of a fault as it reads this time; `word` holds what was written last. */
static ud_err_t read_word(ud_port_t *board, const fault_t *fault, const uint8_t *old, uint8_t *word, size_t size)
{
    bool first = fault->age <= 1;
    uint64_t noise = fault->fault == UD_WORD_UNSTABLE ? ud_board_noise(&board->noise) : 0;
    switch (fault->fault) {
    case UD_WORD_MIXED:
    case UD_WORD_FAULT_COUNT:
        return UD_OK;
    case UD_WORD_UNREADABLE:
        return UD_ERR_FLASH_READ;
    case UD_WORD_STUCK:
        memcpy(word, old, size);
        return UD_OK;
    case UD_WORD_OLD_FIRST:
    case UD_WORD_NEW_FIRST:
        if (first == (fault->fault == UD_WORD_OLD_FIRST)) {
            memcpy(word, old, size);
        }
        return UD_OK;
    case UD_WORD_UNSTABLE:
        break;
    }
    if (noise % 4 == 0) {
        return UD_ERR_FLASH_READ;
    }
    if (noise % 4 == 1) {
        memcpy(word, old, size);
    }
    for (size_t index = 0; noise % 4 == 2 && index < size; index++) {
        uint8_t mask = (uint8_t)ud_board_noise(&board->noise);
        word[index] = (uint8_t)((word[index] & mask) | (old[index] & ~mask));
    }
    return UD_OK;
}

static ud_err_t apply_fault(ud_port_t *board, const fault_t *fault, uint32_t offset, uint8_t *data, size_t size)
{
    const ud_area_geometry_t *geometry = &board->areas[fault->area];
    uint32_t from = fault->offset > offset ? fault->offset : offset;
    uint32_t fault_end = fault->offset + fault->size;
    uint32_t end = fault_end < offset + size ? fault_end : offset + (uint32_t)size;
    while (from < end) {
        uint8_t old[UD_WRITE_SIZE_MAX];
        uint32_t word_end = from - from % geometry->write_size_bytes + geometry->write_size_bytes;
        uint32_t part = (word_end < end ? word_end : end) - from;
        ud_sector_read(fault->before, from % geometry->sector_size_bytes, old, part, geometry->erased_value);
        UD_TRY(read_word(board, fault, old, data + (from - offset), part));
        from += part;
    }
    return UD_OK;
}

ud_err_t ud_port_flash_read(ud_port_t *board, ud_area_t area, uint32_t offset, void *data, size_t size)
{
    UD_REQUIRE(is_inside(board, area, offset, size), UD_ERR_INVALID_ARGUMENT);
    ud_board_peek(board, area, offset, data, size);
    for (size_t index = 0; index < board->fault_count; index++) {
        if (overlaps(&board->faults[index], area, offset, size)) {
            UD_TRY(apply_fault(board, &board->faults[index], offset, data, size));
        }
    }
    return UD_OK;
}

/* ---- operations ------------------------------------------------------------------------------------------------- */

/* Writes what an operation that stops inside leaves: some words done, one or all of the others torn. */
static void tear(const range_t *range, const uint8_t *data)
{
    ud_port_t *board = range->board;
    const ud_board_fuse_t *fuse = &board->fuse;
    uint32_t word = range->geometry->write_size_bytes;
    uint32_t done = fuse->words_done * word < range->size ? fuse->words_done * word : range->size;
    uint32_t torn = fuse->all_torn ? range->size - done : word;
    torn = torn < range->size - done ? torn : range->size - done;
    uint32_t at = range->offset + done;
    ud_flash_seal(board);
    ud_sector_t *before = board->sectors[sector_index(board, range->area, range->offset)];
    write_range(board, range->area, range->offset, data, done);
    if (torn == 0) {
        return;
    }
    uint8_t *mixed = need(malloc(torn));
    ud_sector_read(before, at % range->geometry->sector_size_bytes, mixed, torn, range->geometry->erased_value);
    for (uint32_t index = 0; index < torn; index++) {
        uint8_t mask = fuse->fault == UD_WORD_MIXED ? (uint8_t)ud_board_noise(&board->noise) : 0xFF;
        mixed[index] = (uint8_t)((data[done + index] & mask) | (mixed[index] & ~mask));
    }
    fault_t fault = {.area = range->area, .offset = at, .size = torn, .fault = fuse->fault};
    fault.before = ud_flash_pool_share(before);
    write_range(board, range->area, at, mixed, torn);
    add_fault(board, fault);
    free(mixed);
}

/* Counts the operation; true if the power fails at it. */
static bool is_cut(const range_t *range, const void *data)
{
    ud_port_t *board = range->board;
    if (board->watch != NULL) {
        board->watch(board->watch_context, range->area, range->offset, data, range->size);
    }
    board->operations++;
    return board->fuse.operation > 0 && --board->fuse.operation == 0;
}

/* Makes `data` the content of the range, as far as the power lasts. */
static void operate(const range_t *range, const uint8_t *data, bool cut)
{
    ud_port_t *board = range->board;
    if (!cut || board->fuse.cut == UD_CUT_AFTER) {
        drop_faults(board, range->area, range->offset, range->size);
        write_range(board, range->area, range->offset, data, range->size);
    } else if (board->fuse.cut == UD_CUT_INSIDE) {
        tear(range, data);
    }
}

static bool is_erased(const range_t *range)
{
    const ud_port_t *board = range->board;
    uint8_t piece[256];
    for (size_t index = 0; index < board->fault_count; index++) {
        const fault_t *fault = &board->faults[index];
        if (fault->fault != UD_WORD_STUCK && overlaps(fault, range->area, range->offset, range->size)) {
            return false;
        }
    }
    for (uint32_t done = 0; done < range->size;) {
        uint32_t part = range->size - done < sizeof piece ? range->size - done : (uint32_t)sizeof piece;
        ud_board_peek(board, range->area, range->offset + done, piece, part);
        for (uint32_t index = 0; index < part; index++) {
            if (piece[index] != range->geometry->erased_value) {
                return false;
            }
        }
        done += part;
    }
    return true;
}

ud_err_t ud_port_flash_program(ud_port_t *board, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    UD_REQUIRE(is_inside(board, area, offset, size) && size > 0, UD_ERR_INVALID_ARGUMENT);
    range_t range = {board, &board->areas[area], area, offset, (uint32_t)size};
    UD_REQUIRE(offset % range.geometry->write_size_bytes == 0 && size % range.geometry->write_size_bytes == 0,
               UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(offset % range.geometry->sector_size_bytes + size <= range.geometry->sector_size_bytes,
               UD_ERR_INVALID_ARGUMENT);
    bool cut = is_cut(&range, data);
    bool erased = is_erased(&range);
    bool refused = !erased || board->refuses[sector_index(board, area, offset)];
    board->refused += erased ? 0 : 1;
    if (!refused) {
        operate(&range, data, cut);
    }
    if (cut) {
        ud_board_leave(board, UD_BOARD_POWER_CUT, UD_RESET_POWER_ON);
    }
    return refused ? UD_ERR_FLASH_WRITE : UD_OK;
}

ud_err_t ud_port_flash_erase(ud_port_t *board, ud_area_t area, uint32_t offset)
{
    UD_REQUIRE(is_inside(board, area, offset, 1) && offset % board->areas[area].sector_size_bytes == 0,
               UD_ERR_INVALID_ARGUMENT);
    range_t range = {board, &board->areas[area], area, offset, board->areas[area].sector_size_bytes};
    uint32_t sector = sector_index(board, area, offset);
    bool cut = is_cut(&range, NULL);
    bool refused = board->refuses[sector];
    if (!refused) {
        uint8_t *erased = need(malloc(range.size));
        memset(erased, range.geometry->erased_value, range.size);
        board->erases[sector]++;
        operate(&range, erased, cut);
        free(erased);
    }
    if (cut) {
        ud_board_leave(board, UD_BOARD_POWER_CUT, UD_RESET_POWER_ON);
    }
    return refused ? UD_ERR_FLASH_ERASE : UD_OK;
}

/* ---- probe ------------------------------------------------------------------------------------------------------ */

void ud_board_patch(ud_port_t *board, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    if (!is_inside(board, area, offset, size)) {
        abort();
    }
    write_range(board, area, offset, data, size);
    ud_flash_seal(board);
}

void ud_board_load(ud_port_t *board, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    uint32_t sector_size = board->areas[area].sector_size_bytes;
    uint8_t erased[64];
    memset(erased, board->areas[area].erased_value, sizeof erased);
    for (uint32_t at = 0; at < board->areas[area].size_bytes; at += sector_size) {
        memset(open_sector(board, area, sector_index(board, area, at)), erased[0], sector_size);
        for (uint32_t part = 0; part < sector_size; part += sizeof erased) {
            file_write(board, area, at + part, erased, sizeof erased);
        }
    }
    drop_faults(board, area, 0, board->areas[area].size_bytes);
    ud_board_patch(board, area, offset, data, size);
}

uint32_t ud_board_erase_count(const ud_port_t *board, ud_area_t area, uint32_t offset)
{
    return board->erases[sector_index(board, area, offset)];
}

uint64_t ud_board_state_hash(const ud_port_t *board)
{
    uint64_t hash = ud_flash_hash(0, &board->reset_cause, sizeof board->reset_cause);
    for (uint32_t index = 0; index < board->sector_count; index++) {
        uint64_t content = board->sectors[index] == NULL ? 0 : board->sectors[index]->hash;
        hash = ud_flash_hash(hash, &content, sizeof content);
    }
    for (size_t index = 0; index < board->fault_count; index++) {
        const fault_t *fault = &board->faults[index];
        uint64_t parts[] = {fault->area,
                            fault->offset,
                            fault->size,
                            fault->fault,
                            fault->age < 2 ? fault->age : 2,
                            fault->before == NULL ? 0 : fault->before->hash};
        hash = ud_flash_hash(hash, parts, sizeof parts);
    }
    hash = ud_flash_hash(hash, &board->security_counter, sizeof board->security_counter);
    return ud_flash_hash(hash, board->refuses, board->sector_count);
}
