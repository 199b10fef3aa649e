import{a}from"./chunk-4P4TCDPS.js";import"./chunk-ZUJD2WRZ.js";import"./chunk-UW7DXXUH.js";export{a as plot};
